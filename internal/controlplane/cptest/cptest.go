package cptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/controlplane"
)

// Shared is one control plane for all tests of a test binary. The zero value
// is ready; methods may be called by parallel tests.
type Shared struct {
	// Config is passed to controlplane.Start. Progress defaults to os.Stderr.
	// It must not change after the first Get.
	Config controlplane.Config

	mu      sync.Mutex // guards the fields below
	plane   *controlplane.ControlPlane
	missing error // why no control plane can be provided
	broken  error // why one does not start
}

// Run runs the tests of m, stops the control plane, and returns the exit code.
func (s *Shared) Run(m interface{ Run() int }) int {
	code := m.Run()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plane == nil {
		return code
	}
	if err := s.plane.Stop(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return cmp.Or(code, 1)
	}
	return code
}

// Get returns the control plane, which the first call starts.
func (s *Shared) Get(t testing.TB) *controlplane.ControlPlane {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plane == nil && s.missing == nil && s.broken == nil {
		s.plane, s.missing, s.broken = start(t, s.Config)
	}
	check(t, s.missing, s.broken)
	return s.plane
}

// Namespace makes a namespace for the test and returns its name.
func (s *Shared) Namespace(t testing.TB) string {
	t.Helper()
	return Namespace(t, s.Get(t))
}

// Start returns a control plane for this test alone, stopped when it ends.
func Start(t testing.TB, cfg controlplane.Config) *controlplane.ControlPlane {
	t.Helper()
	plane, missing, broken := start(t, cfg)
	check(t, missing, broken)
	t.Cleanup(func() { require.NoError(t, plane.Stop()) })
	return plane
}

// Namespace makes a namespace in plane for the test and returns its name.
func Namespace(t testing.TB, plane *controlplane.ControlPlane) string {
	t.Helper()
	client, err := kubernetes.NewForConfig(plane.Config())
	require.NoError(t, err)
	ns, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: prefix(t.Name())},
	}, metav1.CreateOptions{})
	require.NoError(t, err, "namespace for the test")
	return ns.Name
}

// prefix makes a test's name the beginning of a namespace's.
func prefix(test string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, strings.ToLower(strings.TrimPrefix(test, "Test")))
	return "t-" + name[:min(len(name), 40)] + "-"
}

func start(t testing.TB, cfg controlplane.Config) (plane *controlplane.ControlPlane, missing, broken error) {
	t.Helper()
	ctx := t.Context()
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := d.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-5*time.Second),
				errors.New("the time of go test is over; give it more with -timeout"))
			defer cancel()
		}
	}
	if cfg.Progress == nil {
		cfg.Progress = os.Stderr
	}
	if cfg.Assets == "" {
		if cfg.Assets, missing = controlplane.Assets(ctx, cfg.Progress); missing != nil {
			return nil, missing, nil
		}
	}
	plane, broken = controlplane.Start(ctx, cfg)
	return plane, nil, broken
}

func check(t testing.TB, missing, broken error) {
	t.Helper()
	require.NoError(t, broken)
	if missing == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no control plane, which CI=true makes a failure: %v", missing)
	}
	t.Skipf("no control plane: %v", missing)
}

package docstest_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
)

var plane cptest.Shared

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// TestKooperPage does what kooper's page on leader election shows, on a real
// API server.
func TestKooperPage(t *testing.T) {
	t.Parallel()
	k8scli, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	logger := slog.New(slog.DiscardHandler)
	rlCfg := &leaderelection.LockConfig{
		LeaseDuration: 20 * time.Second,
		RenewDeadline: 12 * time.Second,
		RetryPeriod:   3 * time.Second,
	}
	type build func(ns string, hand controller.Handler, retr controller.Retriever) (*controller.Controller, error)
	elected := func(create func(ns string) (*leaderelection.Elector, error)) build {
		return func(ns string, hand controller.Handler, retr controller.Retriever) (*controller.Controller, error) {
			lesvc, err := create(ns)
			return controller.New(&controller.Config{}, hand, retr, lesvc, nil, logger), err
		}
	}
	for _, tc := range []struct {
		name  string
		make  build
		lease time.Duration // 0: no election
	}{
		{"NewSequential", func(_ string, hand controller.Handler, retr controller.Retriever) (*controller.Controller, error) {
			return controller.NewSequential(time.Minute, hand, retr, nil, logger), nil
		}, 0},
		{"NewConcurrent", func(_ string, hand controller.Handler, retr controller.Retriever) (*controller.Controller, error) {
			return controller.NewConcurrent(3, time.Minute, hand, retr, nil, logger)
		}, 0},
		{"New, nil", func(_ string, hand controller.Handler, retr controller.Retriever) (*controller.Controller, error) {
			return controller.New(&controller.Config{}, hand, retr, nil, nil, logger), nil
		}, 0},
		{"New, leaderelection.NewDefault", elected(func(ns string) (*leaderelection.Elector, error) {
			return leaderelection.NewDefault("my-controller", ns, k8scli, logger)
		}), 15 * time.Second},
		{"New, leaderelection.New", elected(func(ns string) (*leaderelection.Elector, error) {
			return leaderelection.New("my-controller", ns, rlCfg, k8scli, logger)
		}), 20 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ns := plane.Namespace(t)
			objects := k8scli.CoreV1().ConfigMaps(ns)
			for _, name := range []string{"x", "y"} {
				_, err := objects.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
				require.NoError(t, err)
			}
			handled := newTally("x", "y")
			ctrl, err := tc.make(ns, handled, controller.Retrieve(objects))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- ctrl.Run(ctx) }()
			select {
			case <-handled.all:
			case err := <-result:
				require.Fail(t, "Run returned", "%v", err)
			}
			lease, err := k8scli.CoordinationV1().Leases(ns).Get(t.Context(), "my-controller", metav1.GetOptions{})
			if tc.lease == 0 {
				require.Error(t, err, "there is a lock without an election")
			} else {
				require.NoError(t, err)
				require.NotEmpty(t, *lease.Spec.HolderIdentity)
				require.Equal(t, tc.lease, time.Duration(*lease.Spec.LeaseDurationSeconds)*time.Second)
			}
			cancel()
			require.NoError(t, <-result)
			if tc.lease != 0 {
				lease, err = k8scli.CoordinationV1().Leases(ns).Get(t.Context(), "my-controller", metav1.GetOptions{})
				require.NoError(t, err)
				require.Empty(t, *lease.Spec.HolderIdentity, "the lock was not released")
			}
		})
	}
}

// tally is a Handler that waits for objects by name.
type tally struct {
	all chan struct{} // closed when each was handled

	mu   sync.Mutex // guards the field below
	left map[string]bool
}

func newTally(names ...string) *tally {
	y := &tally{all: make(chan struct{}), left: make(map[string]bool)}
	for _, name := range names {
		y.left[name] = true
	}
	return y
}

func (y *tally) Handle(_ context.Context, obj runtime.Object) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	if o, ok := obj.(*corev1.ConfigMap); ok && y.left[o.Name] {
		if delete(y.left, o.Name); len(y.left) == 0 {
			close(y.all)
		}
	}
	return nil
}

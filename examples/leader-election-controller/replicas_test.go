package main_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
)

// replicas are those of a test, as processes on the real API server.
type replicas struct {
	*fleet.Fleet
	log   log
	flags []string
	ctx   context.Context // ends before the test does
}

func newReplicas(t *testing.T, kubeconfig, namespace string, flags ...string) *replicas {
	r := &replicas{ctx: t.Context(), flags: append([]string{
		"-kubeconfig=" + kubeconfig, "-namespace=" + namespace, "-journal", "-listen=",
		"-lease-duration=3s", "-renew-deadline=2s", "-retry-period=500ms",
	}, flags...)}
	r.Fleet = fleet.New("replica", program, &r.log)
	t.Cleanup(func() {
		r.Close()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// await waits until a replica says something.
func (r *replicas) await(t *testing.T, kind journal.Kind, replica string) journal.Line {
	t.Helper()
	line, err := r.Ledger.Await(r.ctx, replica+" "+string(kind), func(line journal.Line) bool {
		return line.Kind == kind && line.Replica == replica
	})
	require.NoError(t, err)
	return line
}

// log is what replicas log. It can be waited for.
type log struct {
	mu   sync.Mutex // guards the fields below
	text strings.Builder
	more chan struct{}
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until something matches.
func (l *log) await(t *testing.T, pattern string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for want := regexp.MustCompile(pattern); ; {
		l.mu.Lock()
		match := want.FindStringSubmatch(l.text.String())
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		if match != nil {
			return match
		}
		select {
		case <-more:
		case <-ctx.Done():
			require.Failf(t, "never logged", "%s\n%s", pattern, l.String())
		}
	}
}

// admin writes the kubeconfig of an administrator.
func admin(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, plane.Get(t).WriteKubeconfig(file))
	return file
}

// makePod makes a pod with a change that is to be handled.
func makePod(t *testing.T, namespace, name string) {
	t.Helper()
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	_, err = client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"regent-ha.github.io/change": "7"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "idle", Image: "idle"}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// write writes a file for the test and returns its name.
func write(t *testing.T, text []byte) string {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}

package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/internal/playtest"
)

var (
	plane cptest.Shared
	// program is the example, built.
	program string
)

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "example", func(built string) int {
		program = built
		return plane.Run(m)
	}))
}

// replica is a process of the example.
type replica struct {
	cmd   *exec.Cmd
	ended chan error

	mu  sync.Mutex // guards the field below
	log bytes.Buffer
}

func (r *replica) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

func (r *replica) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func start(t *testing.T, kubeconfig, namespace string) *replica {
	t.Helper()
	r := &replica{cmd: exec.Command(program, "-kubeconfig="+kubeconfig, "-namespace="+namespace), ended: make(chan error, 1)}
	r.cmd.Stderr = r
	require.NoError(t, r.cmd.Start())
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		if t.Failed() {
			t.Log(r.said())
		}
	})
	return r
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, time.Minute, 20*time.Millisecond, what)
}

// What the head of main.go promises: a leader that reconciles, goes on after
// it has lost the lock, and hands over when it is terminated.
func TestLeadsLosesRejoinsAndHandsOver(t *testing.T) {
	namespace := plane.Namespace(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, plane.Get(t).WriteKubeconfig(kubeconfig))
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	reconciled := func(after uint64) (token uint64) {
		eventually(t, "a leader with a higher token reconciles", func() bool {
			one, err := client.CoreV1().ConfigMaps(namespace).Get(t.Context(), "one", metav1.GetOptions{})
			token, _ = strconv.ParseUint(one.Annotations["regent-ha.github.io/token"], 10, 64)
			return err == nil && token > after
		})
		return token
	}
	_, err = client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "one", Labels: map[string]string{"regent-ha.github.io/example": "true"}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)

	leader := start(t, kubeconfig, namespace)
	token := reconciled(0)
	require.NoError(t, client.CoordinationV1().Leases(namespace).Delete(t.Context(), "controller-runtime-manager", metav1.DeleteOptions{}))
	token = reconciled(token)
	require.Contains(t, leader.said(), "going on with another manager")
	require.Empty(t, leader.ended)

	standby := start(t, kubeconfig, namespace)
	eventually(t, "it stands by", func() bool { return strings.Contains(standby.said(), `msg="lock holder"`) })
	require.NoError(t, leader.cmd.Process.Signal(syscall.SIGTERM))
	reconciled(token)
	require.NoError(t, <-leader.ended)
	assert.Contains(t, leader.said(), "released the lock")
	assert.Contains(t, standby.said(), "msg=reconciled")
	require.NoError(t, standby.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-standby.ended)
	lease, err := client.CoordinationV1().Leases(namespace).Get(t.Context(), "controller-runtime-manager", metav1.GetOptions{})
	require.NoError(t, err)
	require.Empty(t, *lease.Spec.HolderIdentity)
}

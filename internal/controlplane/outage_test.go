//go:build unix

package controlplane_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

// For what another process does in its own time.
const (
	wait = 20 * time.Second
	poll = 50 * time.Millisecond
)

func TestOutage(t *testing.T) {
	plane := cptest.Start(t, controlplane.Config{})
	namespace := cptest.Namespace(t, plane)
	client := clientFor(t, plane.Config()).CoreV1().ConfigMaps(namespace)
	_, err := client.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	etcd, server := plane.EtcdPID(), plane.APIServerPID()
	require.NotZero(t, server)

	kept := func(t *testing.T) {
		t.Helper()
		_, err := client.Get(t.Context(), "kept", metav1.GetOptions{})
		require.NoError(t, err, "same data, same address, same user")
		require.NotEqual(t, server, plane.APIServerPID())
		require.Equal(t, etcd, plane.EtcdPID())
		server = plane.APIServerPID()
	}

	t.Run("restart", func(t *testing.T) {
		// An open watch does not hold up the end of the server.
		w, err := client.Watch(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		defer w.Stop()
		begin := time.Now()
		require.NoError(t, plane.RestartAPIServer(t.Context()))
		t.Logf("restart took %v", time.Since(begin))
		kept(t)
	})

	t.Run("stop and start", func(t *testing.T) {
		require.NoError(t, plane.StopAPIServer())
		require.NoError(t, plane.StopAPIServer())
		require.Zero(t, plane.APIServerPID())
		_, err := client.Get(t.Context(), "kept", metav1.GetOptions{})
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.NoError(t, plane.StartAPIServer(t.Context()))
		require.NoError(t, plane.StartAPIServer(t.Context()))
		kept(t)
	})

	t.Run("killed", func(t *testing.T) {
		require.NoError(t, syscall.Kill(server, syscall.SIGKILL))
		require.Eventually(t, func() bool { return plane.APIServerPID() == 0 }, wait, poll)
		require.NoError(t, plane.StartAPIServer(t.Context()))
		kept(t)
	})

	t.Run("suspended", func(t *testing.T) {
		require.NoError(t, syscall.Kill(server, syscall.SIGSTOP))
		require.Eventually(t, func() bool { return stopped(server) }, wait, time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Get(ctx, "kept", metav1.GetOptions{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, plane.RestartAPIServer(t.Context()), "a suspended server ends too")
		kept(t)
	})
}

// stopped reports whether all threads of a process have stopped: they do one by
// one, and one that has not may answer yet.
func stopped(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, thread := range threads {
		status, readErr := os.ReadFile(thread)
		if readErr == nil && !bytes.Contains(status, []byte("State:\tT")) {
			return false
		}
	}
	return err == nil
}

// runUntilKilled runs a control plane in the process that a test kills.
func runUntilKilled() {
	plane, err := controlplane.Start(context.Background(), controlplane.Config{Progress: os.Stderr})
	if err != nil {
		panic(err)
	}
	fmt.Println(plane.EtcdPID(), plane.APIServerPID())
	select {}
}

func TestKilledProcessLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends children with their parent")
	}
	_ = newShared(t).Get(t) // provides, or skips
	tmp := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envHelper+"=run", "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var etcd, server int
	_, err = fmt.Fscan(bufio.NewReader(out), &etcd, &server)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(server, 0))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	for _, pid := range []int{etcd, server} {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.True(c, gone(pid), "process %d", pid)
		}, wait, poll)
	}

	// Its files are removed by the next that starts.
	left, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Len(t, left, 1)
	t.Setenv("TMPDIR", tmp)
	plane := cptest.Start(t, controlplane.Config{})
	now, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Len(t, now, 1)
	require.NotEqual(t, left[0].Name(), now[0].Name())
	require.NoError(t, plane.Stop())
	now, err = os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, now)
}

func gone(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return true
	}
	// Where nobody reaps orphans, a dead one stays in the table.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || zombie(stat)
}

func zombie(stat []byte) bool {
	var pid int
	var name, state string
	_, err := fmt.Sscan(string(stat), &pid, &name, &state)
	return err == nil && state == "Z"
}

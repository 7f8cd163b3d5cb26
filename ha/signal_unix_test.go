//go:build unix

package ha_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
)

// Not parallel: a signal is the process's.
func TestSignalShutsDown(t *testing.T) {
	keep := make(chan os.Signal, 1) // so that a second one would not end the test
	signal.Notify(keep, syscall.SIGUSR1)
	defer signal.Stop(keep)
	s := new(stage)
	group, err := ha.New(ha.Config{
		Signals: []os.Signal{syscall.SIGUSR1}, Leader: []ha.Component{s.component("x")}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	result := make(chan error, 1)
	go func() { result <- group.Run(t.Context()) }()
	require.Eventually(t, func() bool { return s.said() == "x starts" }, time.Minute, time.Millisecond)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	require.NoError(t, <-result)
	require.EqualError(t, group.Status().ShuttingDown, "signal: user defined signal 1")
	require.Equal(t, "x stops", s.said())
}

// A second signal ends a process that does not drain.
func TestSecondSignalEndsTheProcess(t *testing.T) {
	if os.Getenv("HA_TEST_STUBBORN") != "" {
		group, err := ha.New(ha.Config{Leader: []ha.Component{{Name: "x", Run: func(ctx context.Context) error {
			_, _ = os.Stdout.WriteString("s") // it has started
			<-ctx.Done()
			_, _ = os.Stdout.WriteString("t") // it was told, and stays
			select {}
		}}}})
		require.NoError(t, err)
		_ = group.Run(t.Context())
		return
	}
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSecondSignalEndsTheProcess$")
	child.Env = append(os.Environ(), "HA_TEST_STUBBORN=1")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	for _, progress := range []string{"s", "t"} {
		got := make([]byte, 1)
		_, err := io.ReadFull(out, got)
		require.NoError(t, err)
		require.Equal(t, progress, string(got))
		require.NoError(t, child.Process.Signal(syscall.SIGTERM))
	}
	var exit *exec.ExitError
	require.ErrorAs(t, child.Wait(), &exit)
	status, ok := exit.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGTERM, status.Signal())
}

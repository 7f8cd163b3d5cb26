package integration_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/leaderelection"
)

// What a process of TestRestartInPlace is told by its environment.
const (
	restartConfig    = "REGENT_RESTART_KUBECONFIG" // also: that it is one
	restartNamespace = "REGENT_RESTART_NAMESPACE"
	restartState     = "REGENT_RESTART_STATE"
)

// restartLease is so long that no process of the test could wait for it.
const restartLease = 2 * patience

// beRestarted is such a process: it leads until it is ended, and says so on its
// standard output.
func beRestarted(t *testing.T, kubeconfig string) {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	require.NoError(t, err)
	e, err := leaderelection.NewElector(leaderelection.Config{
		Lock: newLease(t, newClient(t, cfg), os.Getenv(restartNamespace)), Pod: "pod-0", StateDir: os.Getenv(restartState),
		LeaseDuration: restartLease, RenewDeadline: restartLease / 2, RetryPeriod: time.Second,
		Logger: slog.New(slog.NewTextHandler(os.Stdout, nil)),
	})
	require.NoError(t, err)
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	fmt.Println("runs")
	require.NoError(t, e.Run(ctx, func(ctx context.Context) error {
		term, _ := leaderelection.TermFromContext(ctx)
		fmt.Println("leads", term.Token())
		<-ctx.Done()
		return nil
	}))
}

// restarted is a process of that kind.
type restarted struct {
	cmd   *exec.Cmd
	lines chan string
	end   func(os.Signal) // waits
}

// launch starts a process on a state directory.
func launch(t *testing.T, kubeconfig, namespace, state string) *restarted {
	t.Helper()
	r := &restarted{cmd: exec.Command(os.Args[0], "-test.run=^TestRestartInPlace$", "-test.v"), lines: make(chan string, 1000)}
	r.cmd.Env = append(os.Environ(), restartConfig+"="+kubeconfig, restartNamespace+"="+namespace, restartState+"="+state)
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			r.lines <- s.Text()
		}
		_, _ = io.Copy(io.Discard, out) // a line that is too long
	}()
	r.end = func(signal os.Signal) {
		if r.cmd.ProcessState == nil {
			require.NoError(t, r.cmd.Process.Signal(signal))
			await(t, read, "the process ends")
			_ = r.cmd.Wait() // killed
		}
	}
	t.Cleanup(func() { r.end(os.Kill) })
	return r
}

// says waits for a line with a text, and returns what follows it there.
func (r *restarted) says(t *testing.T, text string) string {
	t.Helper()
	for {
		if _, rest, ok := strings.Cut(await(t, r.lines, "the process says: "+text), text); ok {
			return rest
		}
	}
}

// leads waits until the process leads, and returns its token.
func (r *restarted) leads(t *testing.T) (token uint64) {
	t.Helper()
	_, err := fmt.Sscan(r.says(t, "leads "), &token)
	require.NoError(t, err)
	return token
}

// A process that leads is killed and started again on its directory, again and
// again: it leads before its lease could end, while another candidate waits.
// On another directory it waits as well.
func TestRestartInPlace(t *testing.T) {
	if kubeconfig := os.Getenv(restartConfig); kubeconfig != "" {
		beRestarted(t, kubeconfig)
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("state directories need Linux, and this is " + runtime.GOOS)
	}
	namespace, dir := plane.Namespace(t), t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	require.NoError(t, plane.Get(t).WriteKubeconfig(kubeconfig))
	state, fresh := filepath.Join(dir, "state"), filepath.Join(dir, "fresh")
	require.NoError(t, os.Mkdir(state, 0o700))
	require.NoError(t, os.Mkdir(fresh, 0o700))

	process := launch(t, kubeconfig, namespace, state)
	token := process.leads(t)
	other := start(t, newArena(t), newLease(t, newClient(t, plane.Get(t).Config()), namespace), "other", func(c *leaderelection.Config) {
		c.LeaseDuration, c.RenewDeadline, c.RetryPeriod = restartLease, restartLease/2, time.Second
	})
	eventually(t, "the other sees the holder", func() bool { return other.Status().Holder != "" })

	const restarts = 7
	for range restarts {
		process.end(os.Kill)
		began := time.Now()
		process = launch(t, kubeconfig, namespace, state)
		process.says(t, "runs")
		runs := time.Now()
		process.says(t, "the process before this one is gone")
		next := process.leads(t)
		t.Attr("restart", fmt.Sprintf("killed → leads: %v, of which after its Run: %v", time.Since(began).Round(time.Millisecond), time.Since(runs).Round(100*time.Microsecond)))
		require.Greater(t, next, token)
		token = next
	}
	eventually(t, "the other sees the last of them", func() bool { return other.Status().Token == token })
	starts := func() (identities []string) {
		for _, c := range other.Status().Candidates {
			if c.Pod == "pod-0" {
				identities = append(identities, c.Identity)
			}
		}
		return identities
	}
	last := starts()
	require.Len(t, last, 1, "the earlier starts have lost their places")

	process.end(os.Kill)
	process = launch(t, kubeconfig, namespace, fresh)
	process.says(t, "the state directory is new")
	eventually(t, "the new one stands by in place of the dead one", func() bool { return !slices.Equal(starts(), last) })
	require.Equal(t, token, other.Status().Token)
	process.end(os.Kill)
	require.Empty(t, other.terms, "nobody else has led")

	process = launch(t, kubeconfig, namespace, state) // the same as before is still proved
	require.Greater(t, process.leads(t), token)
	process.end(syscall.SIGTERM)
	require.Greater(t, other.leads(t).Token(), token)
	process = launch(t, kubeconfig, namespace, state)
	process.says(t, "lock holder")
	process.end(syscall.SIGTERM)
}

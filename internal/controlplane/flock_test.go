//go:build unix

package controlplane_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
)

func TestTwoAtOnce(t *testing.T) {
	source, called := fakes(t, nil, nil)
	fetch := source.Fetch
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		source.Fetch = func(ctx context.Context, work *controlplane.Work, dir string) error {
			time.Sleep(time.Minute)
			return fetch(ctx, work, dir)
		}
		said := []*stamped{new(stamped), new(stamped), new(stamped)}
		var wg sync.WaitGroup
		for _, w := range said {
			source := source
			source.Progress = w
			wg.Go(func() {
				_, err := source.Find(t.Context())
				require.NoError(t, err)
				require.LessOrEqual(t, w.silence(start), 5*time.Second, w.text())
			})
		}
		wg.Wait()
		require.Equal(t, []string{"fetch"}, *called, "one provides for all")

		waiting := fmt.Sprintf("waiting for another process that provides etcd and kube-apiserver (process %d)", os.Getpid())
		waited := 0
		for _, w := range said {
			if strings.Contains(w.text(), waiting) {
				waited++
				require.Contains(t, w.text(), waiting+": 40s so far")
			}
		}
		require.Equal(t, 2, waited)
	})
}

func TestWaitIsCancelled(t *testing.T) {
	source, _ := fakes(t, nil, nil)
	fetch := source.Fetch
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		source.Fetch = func(ctx context.Context, work *controlplane.Work, dir string) error {
			<-release
			return fetch(ctx, work, dir)
		}
		first := make(chan error)
		go func() {
			_, err := source.Find(t.Context())
			first <- err
		}()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := source.Find(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(release)
		require.NoError(t, <-first)
	})
}

// holdLock provides into the cache that the environment names, and never ends.
func holdLock() {
	source := controlplane.Source{Fetch: func(_ context.Context, _ *controlplane.Work, dir string) error {
		fmt.Println(dir)
		select {}
	}}
	_, err := source.Find(context.Background())
	panic(err)
}

func TestKilledProviderIsReplaced(t *testing.T) {
	source, called := fakes(t, nil, nil)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envHelper+"=lock", controlplane.EnvCache+"="+source.Cache)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	half := line[:len(line)-1]
	require.DirExists(t, half)

	done := make(chan error)
	go func() {
		_, err := source.Find(t.Context())
		done <- err
	}()
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.NoError(t, <-done)
	require.Equal(t, []string{"fetch"}, *called)
	require.NoDirExists(t, half)
}

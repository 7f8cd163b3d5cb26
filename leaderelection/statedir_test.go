package leaderelection_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// onLinux skips what a state directory cannot do elsewhere.
func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("state directories need Linux, and this is " + runtime.GOOS)
	}
}

func TestRestartInPlaceLeadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := locktest.NewStore(), newMachine()
		a := startPod(t, store, m, "a")
		synctest.Wait()
		require.True(t, a.IsLeader())
		other := newReplica(t, store, "other", nil)
		stop := other.start(untilCancelled)
		time.Sleep(22 * time.Second) // a has renewed
		before, _ := store.Get("lock")
		require.Equal(t, "a", before.Holder)
		a.kill()
		defer a.ends(t)

		b := startPod(t, store, m, "b")
		synctest.Wait() // no time passes
		require.True(t, b.IsLeader())
		after, _ := store.Get("lock")
		require.Equal(t, "b", after.Holder)
		require.Greater(t, after.Token, before.Token)
		for _, c := range after.Candidates {
			require.NotEqual(t, "a", c.Identity, "the earlier start has lost its place")
		}
		require.Contains(t, b.log.String(), "the process before this one is gone")
		require.Contains(t, b.log.String(), "predecessor=a")
		require.False(t, other.IsLeader())
		require.NoError(t, b.stop())
		synctest.Wait()
		require.True(t, other.IsLeader())
		require.NoError(t, stop())
	})
}

func TestRestartWithoutProofWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*machine)
		says   string
	}{
		"copied directory": {func(m *machine) { m.place.Inode++ }, "the directory was copied"},
		"cloned volume":    {func(m *machine) { m.place.Device++ }, "the directory was copied"},
		"another host":     {func(m *machine) { m.place.Boot = "boot-2" }, "under another boot of the system, or on another host"},
		"no file":          {func(m *machine) { m.data = nil }, "the state directory is new"},
		"empty file":       {func(m *machine) { m.data = []byte{} }, "the file cannot be read"},
		"torn file":        {func(m *machine) { m.data = m.data[:len(m.data)/2] }, "the file cannot be read"},
		"two files in one": {func(m *machine) { m.data = append(bytes.Clone(m.data), m.data...) }, "the file cannot be read"},
		"newer format":     {func(m *machine) { m.data = []byte(`{"format":2,"place":7}`) }, "another version of Regent wrote it"},
		"huge file":        {func(m *machine) { m.data = append(bytes.Clone(m.data), make([]byte, 70_000)...) }, "bytes, more than 65536"},
		"unknown field":    {func(m *machine) { m.data = bytes.Replace(m.data, []byte("{"), []byte(`{"x":1,`), 1) }, "the file cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, m := locktest.NewStore(), newMachine()
				a := startPod(t, store, m, "a")
				synctest.Wait()
				a.kill()
				defer a.ends(t)
				tc.change(m)
				b := startPod(t, store, m, "b")
				time.Sleep(15*time.Second - time.Millisecond)
				require.False(t, b.IsLeader())
				require.Contains(t, b.log.String(), tc.says)
				time.Sleep(time.Second)
				require.True(t, b.IsLeader())
				b.kill() // what it has written in place of that is believed
				defer b.ends(t)
				c := startPod(t, store, m, "c")
				synctest.Wait()
				require.True(t, c.IsLeader())
				require.NoError(t, c.stop())
			})
		})
	}
}

// A chain of starts that die before they can lead loses nothing; one that is
// longer than the list is bounded to loses the speed.
func TestGonePredecessorsAreABoundedList(t *testing.T) {
	for starts, leads := range map[int]bool{1: true, 14: true, 15: false} {
		synctest.Test(t, func(t *testing.T) {
			store, m := locktest.NewStore(), newMachine()
			a := startPod(t, store, m, "a")
			synctest.Wait()
			a.kill()
			defer a.ends(t)
			for i := range starts {
				dies := startPodWithFault(t, store, m, string(rune('b'+i)))
				synctest.Wait()
				require.False(t, dies.IsLeader())
				dies.kill()
				defer dies.ends(t)
			}
			z := startPod(t, store, m, "z")
			synctest.Wait()
			require.Equal(t, leads, z.IsLeader(), "after %d starts", starts)
			require.NoError(t, z.stop())
		})
	}
}

func TestDirectoryInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := locktest.NewStore(), newMachine()
		a := startPod(t, store, m, "a")
		synctest.Wait()
		require.True(t, a.IsLeader())

		began := time.Now()
		b := startPod(t, store, m, "b")
		err := b.Run(t.Context(), untilCancelled) // a second Run of it waits, too
		require.ErrorIs(t, err, leaderelection.ErrStateDirInUse)
		require.ErrorContains(t, err, "/state, for 15s; mend: give each process that runs at the same time, and each Elector, a directory of its own")
		require.Equal(t, 15*time.Second, time.Since(began))
		require.Contains(t, b.log.String(), "another process holds the state directory")
		require.Zero(t, b.client.Calls("read"), "nothing is sent without the lock")
		synctest.Wait()
		require.ErrorIs(t, b.stop(), leaderelection.ErrStateDirInUse)

		c := startPod(t, store, m, "c") // it waits, and leads when a is gone
		time.Sleep(3 * time.Second)
		require.Zero(t, c.client.Calls("read"))
		a.kill()
		defer a.ends(t)
		time.Sleep(time.Second)
		require.True(t, c.IsLeader())

		d := startPod(t, store, m, "d") // it is told to end while it waits
		time.Sleep(time.Second)
		require.NoError(t, d.stop())
		require.NoError(t, c.stop())
	})
}

// TestDirectoryIsHeldUntilTheLockIsReleased: also for work that is slow to
// return, or panics.
func TestDirectoryIsHeldUntilTheLockIsReleased(t *testing.T) {
	for name, panics := range map[string]bool{"slow work": false, "panic": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, m := locktest.NewStore(), newMachine()
				state := &start{machine: m}
				a := newReplica(t, store, "a", func(c *leaderelection.Config) { c.StateDir, c.StateFiles = "/state", state })
				a.client.SetFault(func(call locktest.Call) locktest.Fault { return locktest.Fault{Delay: 100 * time.Millisecond} })
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan any, 1)
				go func() {
					defer func() { ended <- recover() }()
					_ = a.Run(ctx, func(ctx context.Context) error {
						<-ctx.Done()
						time.Sleep(3 * time.Second)
						if panics {
							panic("work")
						}
						return nil
					})
				}()
				time.Sleep(time.Second)
				require.True(t, a.IsLeader())
				cancel()
				free := func() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.holder == nil }
				released := func() bool { s, _ := store.Get("lock"); return s.Holder == "" }
				for !released() {
					require.False(t, free())
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(time.Second)
				require.True(t, free())
				require.Equal(t, panics, <-ended != nil)
			})
		})
	}
}

// TestClaimIsStoredFirst: before the write that may make the process holder.
func TestClaimIsStoredFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := locktest.NewStore(), newMachine()
		m.stall = make(chan struct{})
		a := startPod(t, store, m, "a")
		time.Sleep(time.Second)
		s, _ := store.Get("lock")
		require.Empty(t, s.Holder)
		require.False(t, a.IsLeader())
		close(m.stall)
		synctest.Wait()
		require.True(t, a.IsLeader())
		require.NotEmpty(t, m.data)
		require.NoError(t, a.stop())
	})
}

// A disk that hangs, or is full, keeps nobody from leading or ending.
func TestDiskThatFails(t *testing.T) {
	t.Run("hangs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store, m := locktest.NewStore(), newMachine()
			m.stall = make(chan struct{})
			a := startPod(t, store, m, "a")
			time.Sleep(3 * time.Second)
			require.True(t, a.IsLeader())
			require.Contains(t, a.log.String(), "the state directory's disk is slow")
			time.Sleep(time.Minute)
			require.True(t, a.IsLeader())
			require.NoError(t, a.stop())
			require.Contains(t, a.log.String(), "the state directory's disk does not answer")
			m.mu.Lock()
			require.NotNil(t, m.holder, "what is still to be written must not be written beside the next process")
			m.mu.Unlock()
			close(m.stall)
		})
	})
	t.Run("is full", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store, m := locktest.NewStore(), newMachine()
			m.fail, m.data = errors.New("no space left on device"), []byte("void")
			a := startPod(t, store, m, "a")
			synctest.Wait()
			require.True(t, a.IsLeader())
			require.Contains(t, a.log.String(), "no space left on device")
			require.Empty(t, m.data, "what may be void is removed")
			require.NoError(t, a.stop())
		})
	})
	t.Run("cannot be locked", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine()
			m.denied = errors.New("permission denied")
			a := startPod(t, locktest.NewStore(), m, "a")
			synctest.Wait()
			require.ErrorContains(t, a.stop(), "leaderelection: StateDir /state: permission denied")
			require.Zero(t, a.client.Calls("read"))
		})
	})
}

// A process that ends and runs again in the same Elector believes what others
// have left meanwhile, and not what it has left itself.
func TestRunsOfOneElectorTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := locktest.NewStore(), newMachine()
		a := startPod(t, store, m, "a")
		synctest.Wait()
		require.NoError(t, a.stop())
		b := startPod(t, store, m, "b")
		synctest.Wait()
		require.True(t, b.IsLeader())
		b.kill()
		defer b.ends(t)
		stop := a.start(untilCancelled)
		synctest.Wait()
		require.True(t, a.IsLeader())
		require.NoError(t, stop())
	})
}

// TestRestartOnTwoLocks: of a Join it is not known whose both halves are, so
// that the lease is waited for.
func TestRestartOnTwoLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := locktest.NewStore(), newMachine()
		starts := func(identity string) (*leaderelection.Elector, *start, func() error) {
			both, err := lock.Join(store.Client("one"), store.Client("two"))
			require.NoError(t, err)
			state := &start{machine: m}
			r := newReplica(t, store, identity, func(c *leaderelection.Config) {
				c.Lock, c.StateDir, c.StateFiles = both, "/state", state
			})
			return r.Elector, state, r.start(untilCancelled)
		}
		a, state, stop := starts("a")
		time.Sleep(time.Second)
		require.True(t, a.IsLeader())
		require.NoError(t, a.StepDown(t.Context()))
		time.Sleep(10 * time.Second)
		require.True(t, a.IsLeader())
		state.kill() // it goes on, as another's process would: nobody may believe that it is gone
		b, _, stopB := starts("b")
		time.Sleep(time.Minute)
		require.True(t, a.IsLeader())
		require.False(t, b.IsLeader())
		require.NoError(t, stop())
		require.NoError(t, stopB())
	})
}

func TestRealDirectories(t *testing.T) {
	onLinux(t)
	dir := t.TempDir()
	m := func(change func(*leaderelection.Config)) (*replica, *locktest.Store, *logged) {
		store, log := locktest.NewStore(), &logged{}
		return newReplica(t, store, "a", func(c *leaderelection.Config) {
			c.StateDir, c.Logger = dir, slog.New(slog.NewTextHandler(log, nil))
			if change != nil {
				change(c)
			}
		}), store, log
	}
	synctest.Test(t, func(t *testing.T) {
		a, _, log := m(nil)
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		require.True(t, a.IsLeader())
		data, err := os.ReadFile(filepath.Join(dir, "regent.json"))
		require.NoError(t, err)
		require.Contains(t, string(data), `"identity":"a"`)
		require.Contains(t, log.String(), "the state directory is new")
		b, _, _ := m(nil) // another Elector of this process
		done := make(chan error, 1)
		go func() { done <- b.Run(t.Context(), untilCancelled) }()
		require.ErrorIs(t, <-done, leaderelection.ErrStateDirInUse)
		require.NoError(t, stop())
		stop = b.start(untilCancelled)
		time.Sleep(time.Second)
		require.True(t, b.IsLeader())
		require.NoError(t, stop())
	})
}

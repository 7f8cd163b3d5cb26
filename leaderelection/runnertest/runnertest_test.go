package runnertest_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/runnertest"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// electors returns Electors that compete on a store in memory.
func electors(t *testing.T, lose func(*locktest.Store)) runnertest.Subject {
	store := locktest.NewStore()
	return runnertest.Subject{
		Runner: func() leaderelection.Runner { return newElector(t, store.Client("lock")) },
		Lose:   func() { lose(store) },
	}
}

func newElector(t *testing.T, l lock.Lock) *leaderelection.Elector {
	t.Helper()
	e, err := leaderelection.NewElector(leaderelection.Config{Lock: l, Now: locktest.Clock(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return e
}

func TestElector(t *testing.T) {
	for name, lose := range map[string]func(*locktest.Store){
		"deleted":  func(s *locktest.Store) { s.Delete("lock") },
		"emptied":  func(s *locktest.Store) { s.Edit("lock", func(r *lock.Record) { r.Holder = "" }) },
		"released": func(s *locktest.Store) { release(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			runnertest.TestInBubble(t, func(t *testing.T) runnertest.Subject { return electors(t, lose) })
		})
	}
}

// TestElectorOverABadConnection delays each request, and loses every fifth
// reply.
func TestElectorOverABadConnection(t *testing.T) {
	runnertest.TestInBubble(t, func(t *testing.T) runnertest.Subject {
		store := locktest.NewStore()
		t.Cleanup(func() { time.Sleep(time.Second) }) // requests that nobody waits for any more
		return runnertest.Subject{
			Runner: func() leaderelection.Runner {
				client, calls := store.Client("lock"), 0
				client.SetFault(func(locktest.Call) locktest.Fault {
					calls++
					return locktest.Fault{Delay: 20 * time.Millisecond, ReplyDelay: 30 * time.Millisecond, ReplyLost: calls%5 == 0}
				})
				return newElector(t, client)
			},
			Lose: func() { store.Delete("lock") },
		}
	})
}

// release is a release by a Regent that does not hold the lock.
func release(t *testing.T, s *locktest.Store) {
	c := s.Client("lock")
	old, err := c.Read(t.Context())
	require.NoError(t, err)
	_, err = c.Swap(t.Context(), old, lock.Record{Duration: time.Second, Token: old.Token, Transitions: old.Transitions, Nonce: "another's"})
	require.NoError(t, err)
}

func TestPlain(t *testing.T) {
	subject := func(*testing.T) runnertest.Subject {
		return runnertest.Subject{Runner: func() leaderelection.Runner { return leaderelection.Plain{} }, Alone: true, Quiet: 20 * time.Millisecond}
	}
	t.Run("bubble", func(t *testing.T) { runnertest.TestInBubble(t, subject) })
	t.Run("real time", func(t *testing.T) { runnertest.Test(t, subject) })
}

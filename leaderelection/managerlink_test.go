package leaderelection_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// linked is a manager with its link, and what its work saw.
type linked struct {
	*fakeManager
	link  *leaderelection.ManagerLink
	ended chan ending
}

// ending is how the work's context ended, and when.
type ending struct {
	cause error
	valid bool
	at    time.Time
}

func (l *linked) Run(ctx context.Context) error { return l.link.Run(ctx, l) }

func newLinked(e *leaderelection.Elector, drain time.Duration) *linked {
	l := &linked{link: e.ManagerLink(), ended: make(chan ending, 1)}
	l.fakeManager = newFakeManager(l.link.BaseContext(), l.link.Lock(), func(ctx context.Context) {
		term, ok := leaderelection.TermFromContext(ctx)
		<-ctx.Done()
		l.ended <- ending{context.Cause(ctx), ok && term.Valid(), time.Now()}
		time.Sleep(drain)
	})
	return l
}

func TestManagerLinkDrainsBeforeTheRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a", nil), newReplica(t, store, "b", nil)
		first, second := newLinked(a.Elector, 40*time.Second), newLinked(b.Elector, 0)
		first.keeps = true // it makes no difference here
		stop, result := going(first.Run)
		require.True(t, first.leads())
		stopSecond, _ := going(second.Run)
		time.Sleep(time.Minute)
		require.False(t, second.leads())
		begun := time.Now()
		go func() { _ = stop() }()
		synctest.Wait()
		require.True(t, (<-first.ended).valid, "what drains may write")
		require.Equal(t, "draining", a.Status().Phase)
		time.Sleep(39 * time.Second)
		require.False(t, second.leads())
		time.Sleep(time.Second)
		require.True(t, second.leads())
		require.Equal(t, 40*time.Second, time.Since(begun))
		require.Empty(t, result)
		require.NoError(t, stopSecond())
		s, _ := store.Get("lock")
		require.True(t, s.Released())
	})
}

// A loss ends the contexts of the runnables in the same moment, and the lock is
// campaigned for again only when they have returned.
func TestManagerLinkLoses(t *testing.T) {
	for name, tc := range map[string]struct {
		lose           func(*locktest.Store, *replica)
		after, returns time.Duration
		cause          error
	}{
		"taken":    {func(s *locktest.Store, _ *replica) { s.Edit("lock", func(r *lock.Record) { r.Holder = "thief" }) }, 0, 3 * time.Second, leaderelection.ErrTaken},
		"deleted":  {func(s *locktest.Store, _ *replica) { s.Delete("lock") }, 0, 3 * time.Second, leaderelection.ErrDeleted},
		"deadline": {func(_ *locktest.Store, r *replica) { r.client.Cut() }, 10 * time.Second, 15 * time.Second /* it tries to release */, leaderelection.ErrDeadline},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := locktest.NewStore()
				a := newReplica(t, store, "a", nil)
				m := newLinked(a.Elector, 3*time.Second)
				_, result := going(m.Run)
				require.True(t, m.leads())
				token := a.Status().Token
				begun := time.Now()
				tc.lose(store, a)
				e := <-m.ended
				synctest.Wait() // the watchdog may be faster than the Elector's loop
				require.ErrorIs(t, e.cause, tc.cause)
				require.False(t, e.valid)
				require.Equal(t, tc.after, e.at.Sub(begun))
				require.Equal(t, "draining", a.Status().Phase)
				err := <-result
				require.ErrorIs(t, err, leaderelection.ErrLeadershipLost)
				require.ErrorIs(t, err, tc.cause)
				require.Equal(t, tc.returns, time.Since(begun))
				require.Equal(t, "idle", a.Status().Phase)

				a.client.Heal()
				store.Edit("lock", func(r *lock.Record) { r.Holder = "" }) // the thief has gone
				again := newLinked(a.Elector, 0)
				stop, _ := going(again.Run)
				time.Sleep(2 * time.Minute)
				require.True(t, again.leads())
				require.Greater(t, a.Status().Token, token)
				require.NoError(t, stop())
			})
		})
	}
}

// What drains hears of a loss.
func TestManagerLinkLosesWhileItDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		link := a.ManagerLink()
		m := newFakeManager(context.WithoutCancel(link.BaseContext()), link.Lock(), nil) // deaf to the manager
		base := link.BaseContext()
		m.work = func(context.Context) { <-base.Done() }
		stop, _ := going(func(ctx context.Context) error { return link.Run(ctx, m) })
		require.True(t, m.leads())
		done := make(chan error, 1)
		go func() { done <- stop() }()
		time.Sleep(time.Minute)
		require.NoError(t, base.Err())
		store.Delete("lock")
		require.NoError(t, <-done, "it was told to stop before")
		require.ErrorIs(t, context.Cause(base), leaderelection.ErrShutdown)
	})
}

func TestManagerLinkStepsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a", nil), newReplica(t, store, "b", nil)
		first, second := newLinked(a.Elector, 3*time.Second), newLinked(b.Elector, 0)
		_, result := going(first.Run)
		require.True(t, first.leads())
		stopSecond, _ := going(second.Run)
		time.Sleep(time.Minute)
		begun := time.Now()
		require.NoError(t, a.StepDown(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(begun))
		require.True(t, second.leads())
		require.ErrorIs(t, <-result, leaderelection.ErrLeadershipLost)
		require.True(t, (<-first.ended).valid)
		require.NoError(t, stopSecond())
	})
}

// Managers of one Elector lead together, and the last to stop releases.
func TestManagerLinksShareATerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		first, second := newLinked(a.Elector, 3*time.Second), newLinked(a.Elector, 0)
		stop, _ := going(first.Run)
		require.True(t, first.leads())
		_, result := going(second.Run)
		require.True(t, second.leads())
		require.NoError(t, stop())
		require.True(t, a.IsLeader())
		store.Delete("lock")
		require.ErrorIs(t, <-result, leaderelection.ErrDeleted)
	})
}

// A manager that fails by itself gives the lock back.
func TestManagerLinkReturnsTheManagersError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		m := newLinked(a.Elector, 0)
		m.grace = errors.New("a runnable failed")
		stop, _ := going(m.Run)
		require.True(t, m.leads())
		require.ErrorIs(t, stop(), m.grace)
		s, _ := store.Get("lock")
		require.True(t, s.Released())
	})
}

// A manager that may have left work behind keeps the lock. Not in a bubble,
// which would wait for the Run that is left.
func TestManagerLinkKeepsTheLockOfWhatWasNotJoined(t *testing.T) {
	for name, why := range map[string]error{
		"gave up":      fmt.Errorf("failed waiting for all runnables to end: %w", context.DeadlineExceeded),
		"did not wait": errLost,
	} {
		t.Run(name, func(t *testing.T) {
			var said messages
			store := locktest.NewStore()
			a := newReplica(t, store, "a", func(c *leaderelection.Config) { c.Logger, c.Now = said.logger(), nil })
			m := newLinked(a.Elector, 0)
			m.grace = why
			stop, _ := going(m.Run)
			<-m.elected
			err := stop()
			require.ErrorIs(t, err, why)
			require.ErrorContains(t, err, "mend: Options.GracefulShutdownTimeout = -1")
			require.Contains(t, said.all()[0], "the lock is kept until this process ends")
			require.True(t, a.IsLeader())
			s, _ := store.Get("lock")
			require.False(t, s.Released())
		})
	}
}

func TestManagerLinkMisused(t *testing.T) {
	for name, tc := range map[string]struct {
		run  func(*testing.T, *replica) error
		says string
	}{
		"a nil Elector": {func(t *testing.T, _ *replica) error {
			var none *leaderelection.Elector
			return newLinked(none, 0).Run(t.Context())
		}, "Run of a nil Elector"},
		"a nil manager": {func(t *testing.T, a *replica) error {
			return a.ManagerLink().Run(t.Context(), nil)
		}, "mend: check the error of manager.New"},
		"no BaseContext": {func(t *testing.T, a *replica) error {
			link := a.ManagerLink()
			return link.Run(t.Context(), newFakeManager(t.Context(), link.Lock(), drains(0)))
		}, "mend: Options.BaseContext = link.BaseContext"},
		"twice": {func(t *testing.T, a *replica) error {
			m := newLinked(a.Elector, 0)
			stop, _ := going(m.Run)
			require.True(t, m.leads())
			defer func() { require.NoError(t, stop()) }()
			return m.Run(t.Context())
		}, "mend: call ManagerLink again"},
		"without its lock": {func(t *testing.T, a *replica) error {
			m := newLinked(a.Elector, 0)
			m.lock = newReplica(t, locktest.NewStore(), "b", nil).ManagerLink().Lock() // another's, say
			m.lease, m.renew, m.retry = 900*time.Millisecond, 400*time.Millisecond, 80*time.Millisecond
			err := m.Run(t.Context())
			require.False(t, a.IsLeader())
			return err
		}, "mend: Options.LeaderElection = true, LeaderElectionResourceLockInterface = link.Lock()"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				require.ErrorContains(t, tc.run(t, newReplica(t, locktest.NewStore(), "a", nil)), tc.says)
			})
		})
	}
}

func TestManagerLinkOfAContextThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		a := newReplica(t, locktest.NewStore(), "a", nil)
		m := newLinked(a.Elector, 0)
		require.NoError(t, m.Run(ctx))
		require.False(t, m.leads())
	})
}

package leaderelection_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// messages are those that an Elector logs as errors.
type messages struct {
	mu   sync.Mutex // guards the field below
	said []string
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said = append(m.said, string(p))
	return len(p), nil
}

func (m *messages) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(m, &slog.HandlerOptions{Level: slog.LevelError}))
}

func (m *messages) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said
}

func TestManagerLockHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a", nil), newReplica(t, store, "b", nil)
		first, second := alone(a.Elector, drains(3*time.Second)), alone(b.Elector, drains(0))
		stop, _ := going(first.Start)
		begun := time.Now()
		require.True(t, first.leads())
		requireSoon(t, begun)
		stopSecond, _ := going(second.Start)
		time.Sleep(time.Minute)
		require.True(t, a.IsLeader())
		require.False(t, second.leads())

		begun = time.Now()
		require.NoError(t, stop())
		require.Equal(t, 3*time.Second, time.Since(begun), "after the work")
		begun = time.Now()
		require.True(t, second.leads(), "at once, whatever its RetryPeriod")
		requireSoon(t, begun)
		require.False(t, a.IsLeader())
		require.NoError(t, stopSecond())
		s, _ := store.Get("lock")
		require.True(t, s.Released())
	})
}

// A manager that ends while it stands by does not leave a candidate behind.
func TestManagerLockEndsItsCampaign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a", nil), newReplica(t, store, "b", nil)
		stopA := a.start(untilCancelled)
		synctest.Wait()
		m := alone(b.Elector, drains(0))
		stop, _ := going(m.Start)
		time.Sleep(time.Second)
		require.Equal(t, "standby", b.Status().Phase)
		require.NoError(t, stop())
		require.Equal(t, "idle", b.Status().Phase)
		require.NoError(t, stopA())
		require.False(t, m.leads())
	})
}

func TestManagerLockServesOneManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a", nil)
		m := alone(a.Elector, drains(0))
		stop, _ := going(m.Start)
		require.True(t, m.leads())
		require.NoError(t, stop())
		again := newFakeManager(context.Background(), m.lock, drains(0))
		stop, _ = going(again.Start)
		time.Sleep(time.Minute)
		require.False(t, again.leads())
		require.NoError(t, stop())
		held := resourcelock.LeaderElectionRecord{HolderIdentity: "a"}
		require.ErrorContains(t, m.lock.Update(t.Context(), held), "mend: call ManagerLock again")
		require.ErrorContains(t, m.lock.Create(t.Context(), held), "mend: call ManagerLock again")
	})
}

func TestManagerLockOfANilElector(t *testing.T) {
	var none *leaderelection.Elector
	l := none.ManagerLock()
	_, _, err := l.Get(t.Context())
	require.ErrorIs(t, err, leaderelection.ErrNilElector)
	require.ErrorIs(t, l.Create(t.Context(), resourcelock.LeaderElectionRecord{}), leaderelection.ErrNilElector)
	require.ErrorIs(t, l.Update(t.Context(), resourcelock.LeaderElectionRecord{}), leaderelection.ErrNilElector)
	l.RecordEvent("nothing")
	require.NotEmpty(t, l.Describe())
	require.ErrorContains(t, newFakeManager(t.Context(), l, drains(0)).Start(t.Context()), "identity is empty")
}

// A manager that may hear of a loss when another leads is not to lead.
func TestManagerLockRefusesSlowManagers(t *testing.T) {
	for name, tc := range map[string]struct {
		election [3]time.Duration
		manager  time.Duration
		refused  string
	}{
		"the defaults of both":    {[3]time.Duration{15e9, 10e9, 2e9}, 15e9, "another may lead 4.25s after it"},
		"two seconds":             {[3]time.Duration{15e9, 10e9, 2e9}, 2e9, "mend: run the manager by a ManagerLink"},
		"one second":              {[3]time.Duration{15e9, 10e9, 2e9}, 1e9, ""},
		"less":                    {[3]time.Duration{15e9, 10e9, 2e9}, 9e8, ""},
		"less, of a short lease":  {[3]time.Duration{3e9, 2e9, 5e8}, 9e8, ""},
		"a second, short lease":   {[3]time.Duration{3e9, 2e9, 5e8}, 1e9, "LeaseDuration = 1s"},
		"five seconds, long ones": {[3]time.Duration{60e9, 40e9, 2e9}, 5e9, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said messages
				a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) {
					c.LeaseDuration, c.RenewDeadline, c.RetryPeriod = tc.election[0], tc.election[1], tc.election[2]
					c.Logger = said.logger()
				})
				m := alone(a.Elector, drains(0))
				m.lease = tc.manager
				stop, _ := going(m.Start)
				require.Equal(t, tc.refused == "", m.leads())
				if tc.refused != "" {
					err := m.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "a", LeaseDurationSeconds: int(tc.manager / time.Second)})
					require.ErrorContains(t, err, tc.refused)
					require.Contains(t, said.all()[0], "the manager cannot lead")
					require.Equal(t, "idle", a.Status().Phase, "it leaves the lock to others")
				}
				require.NoError(t, stop())
			})
		})
	}
}

// A manager that never releases cannot be told from one that hangs.
func TestManagerThatEndsWithoutReleasingIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said messages
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) { c.Logger = said.logger() })
		m := alone(a.Elector, drains(0))
		m.keeps = true
		stop, _ := going(m.Start)
		time.Sleep(time.Minute)
		require.Empty(t, said.all())
		require.NoError(t, stop())
		time.Sleep(time.Minute)
		require.True(t, a.IsLeader())
		require.Len(t, said.all(), 1)
		require.Contains(t, said.all()[0], "mend: Options.LeaderElectionReleaseOnCancel = true")
		require.NoError(t, m.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{}))
		require.False(t, a.IsLeader())
	})
}

// After a loss nobody knows when the work of a manager that has only a lock
// returns: this process does not lead again. Not in a bubble, which would wait
// for the Run that is left.
func TestManagerLockDoesNotLeadBesideWhatWasNotJoined(t *testing.T) {
	var said messages
	store := locktest.NewStore()
	a := newReplica(t, store, "a", func(c *leaderelection.Config) { c.Logger, c.Now = said.logger(), nil })
	m := alone(a.Elector, func(context.Context) {})
	_, result := going(m.Start)
	<-m.elected
	store.Delete("lock")
	require.ErrorIs(t, <-result, errLost)
	require.Contains(t, said.all()[0], "will not join its runnables")
	_, _, err := m.lock.Get(t.Context())
	require.ErrorIs(t, err, leaderelection.ErrDeleted)
	require.ErrorIs(t, m.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{}), leaderelection.ErrDeleted)
	require.Equal(t, "draining", a.Status().Phase)
	require.False(t, a.IsLeader())
}

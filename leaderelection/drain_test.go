package leaderelection_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// slow is work that takes so long to return after its cancellation.
func slow(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(d)
		return nil
	}
}

func TestOverrunIsReportedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := make(chan time.Duration, 10)
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) {
			c.DrainTimeout = 5 * time.Second
			c.OnOverrun = func(o leaderelection.Overrun) { reports <- o.For }
		})
		stop := a.start(slow(12 * time.Second))
		time.Sleep(time.Second)
		require.NoError(t, stop())
		require.Len(t, reports, 2)
		require.Equal(t, 5*time.Second, <-reports)
		require.Equal(t, 10*time.Second, <-reports)
	})
}

// TestFenceFiresAgain: after a renewal that came too late to keep it from
// firing, the next one may as well.
func TestFenceFiresAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fences atomic.Int32
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) {
			c.OnFence = func(leaderelection.Fence) { fences.Add(1) }
		})
		stop := a.start(slow(time.Minute))
		time.Sleep(time.Second)
		done := make(chan error)
		go func() { done <- stop() }()
		for n := range int32(2) {
			require.NoError(t, a.Check(nil))
			a.client.Cut()
			time.Sleep(16 * time.Second)
			require.Equal(t, n+1, fences.Load())
			require.ErrorContains(t, a.Check(nil), "has not returned, and its lease ran out")
			a.client.Heal()
			time.Sleep(4 * time.Second)
		}
		require.NoError(t, <-done)
	})
}

func TestStepDownIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) { c.ExitOnLoss = true })
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		require.NoError(t, a.StepDown(t.Context()))
		time.Sleep(10 * time.Second)
		require.True(t, a.IsLeader())
		require.NoError(t, stop())
	})
}

// wrapped is a lock before whose requests something happens.
type wrapped struct {
	lock.Lock
	read, swap func(context.Context) error
}

func (w *wrapped) Read(ctx context.Context) (lock.Snapshot, error) {
	if w.read != nil {
		if err := w.read(ctx); err != nil {
			return lock.Snapshot{}, err
		}
	}
	return w.Lock.Read(ctx)
}

func (w *wrapped) Swap(ctx context.Context, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	if w.swap != nil {
		if err := w.swap(ctx); err != nil {
			return lock.Snapshot{}, err
		}
	}
	return w.Lock.Swap(ctx, old, r)
}

// TestRunJoinsItsRequests: also one that takes a while to notice that it is
// cancelled.
func TestRunJoinsItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under atomic.Int32
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) {
			c.Lock = &wrapped{Lock: c.Lock, read: func(ctx context.Context) error {
				under.Add(1)
				defer under.Add(-1)
				<-ctx.Done()
				time.Sleep(time.Second)
				return ctx.Err()
			}}
		})
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		require.NotZero(t, under.Load())
		require.NoError(t, stop())
		require.Zero(t, under.Load())
	})
}

// TestGateLetsTheElectionThrough: who has no term may campaign for one.
func TestGateLetsTheElectionThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := leaderelection.Gate(transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}))
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) {
			c.Lock = &wrapped{Lock: c.Lock, swap: func(ctx context.Context) error {
				r, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://x/apis/coordination.k8s.io/v1/namespaces/d/leases/l", nil)
				if err != nil {
					return err
				}
				response, err := gate.RoundTrip(r)
				if err != nil {
					return err
				}
				return response.Body.Close()
			}}
		})
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		require.True(t, a.IsLeader())
		require.NoError(t, stop())
	})
}

func TestRetryPeriodHasALowerBound(t *testing.T) {
	_, err := leaderelection.NewElector(leaderelection.Config{
		Lock:          locktest.NewStore().Client("lock"),
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 499 * time.Millisecond,
	})
	require.ErrorContains(t, err, "RetryPeriod = 499ms: must be at least 500ms")
}

// TestLockIsReleasedAfterAPanic: if Run's caller recovers.
func TestLockIsReleasedAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		require.PanicsWithValue(t, "boom", func() {
			_ = a.Run(t.Context(), func(context.Context) error { panic("boom") })
		})
		time.Sleep(time.Second)
		s, _ := store.Get("lock")
		require.True(t, s.Released())
	})
}

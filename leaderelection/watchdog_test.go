package leaderelection_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// hangingLog is a log whose reader has stopped reading.
type hangingLog struct {
	slog.Handler
	hangs atomic.Bool
	goOn  chan struct{}
}

func (h *hangingLog) Enabled(context.Context, slog.Level) bool { return true }

func (h *hangingLog) Handle(context.Context, slog.Record) error {
	if h.hangs.Load() {
		<-h.goOn
	}
	return nil
}

func (h *hangingLog) WithAttrs([]slog.Attr) slog.Handler { return h }

// TestWatchdogWaitsForNothing: the work is cancelled at its deadline even while
// the election itself is stuck.
func TestWatchdogWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &hangingLog{Handler: slog.DiscardHandler, goOn: make(chan struct{})}
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) { c.Logger = slog.New(log) })
		var ended time.Time
		var cause error
		stop := a.start(func(ctx context.Context) error {
			log.hangs.Store(true)
			a.client.SetFault(func(locktest.Call) locktest.Fault { return locktest.Fault{Err: errors.New("down")} })
			<-ctx.Done()
			ended, cause = time.Now(), context.Cause(ctx)
			return nil
		})
		synctest.Wait()
		began := time.Now()
		require.True(t, a.IsLeader())
		time.Sleep(10*time.Second - time.Nanosecond)
		synctest.Wait()
		require.True(t, a.IsLeader())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 10*time.Second, ended.Sub(began))
		require.ErrorIs(t, cause, leaderelection.ErrDeadline)
		log.hangs.Store(false)
		close(log.goOn)
		require.NoError(t, stop())
	})
}

// TestMachineThatSlept: its clock has gone on, its timers have not.
func TestMachineThatSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept atomic.Int64
		clock := locktest.Clock()
		a := newReplica(t, locktest.NewStore(), "a", func(c *leaderelection.Config) {
			c.Now = func() time.Duration { return clock() + time.Duration(slept.Load()) }
		})
		var term *leaderelection.Term
		var ended time.Time
		stop := a.start(func(ctx context.Context) error {
			term, _ = leaderelection.TermFromContext(ctx)
			<-ctx.Done()
			ended = time.Now()
			time.Sleep(5 * time.Second)
			return nil
		})
		time.Sleep(time.Second)
		synctest.Wait()
		require.True(t, a.IsLeader())
		a.client.Cut()
		slept.Store(int64(20 * time.Second))
		woke := time.Now()
		require.False(t, term.Valid(), "at once")
		require.False(t, a.IsLeader())
		require.False(t, a.Status().Leader)
		time.Sleep(time.Second)
		synctest.Wait()
		require.False(t, ended.IsZero(), "a second later at most")
		require.LessOrEqual(t, ended.Sub(woke), time.Second)
		require.Equal(t, "draining", a.Status().Phase)
		require.True(t, slices.ContainsFunc(a.events, func(e leaderelection.Event) bool { return e.Kind == leaderelection.EventEnded }))
		a.client.Heal()
		require.NoError(t, stop())
	})
}

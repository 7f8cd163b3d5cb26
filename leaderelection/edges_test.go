package leaderelection_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// onLog calls do for each record whose message has the text.
type onLog struct {
	slog.Handler
	text string
	do   func()
}

func (o onLog) Enabled(context.Context, slog.Level) bool { return true }
func (o onLog) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, o.text) {
		o.do()
	}
	return nil
}
func (o onLog) WithAttrs([]slog.Attr) slog.Handler { return o }
func (o onLog) WithGroup(string) slog.Handler      { return o }

// A Run that begins in the moment in which the last one ends campaigns anew.
func TestRunThatBeginsAsTheLastOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		stopOther := newReplica(t, store, "b", nil).start(untilCancelled)
		synctest.Wait()
		hold := make(chan struct{})
		var holding atomic.Bool
		a := newReplica(t, store, "a", func(c *config) {
			c.Logger = slog.New(onLog{text: "lock holder", do: func() {
				if holding.Load() {
					<-hold
				}
			}})
		})
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		holding.Store(true)
		store.Edit("lock", func(r *lock.Record) { r.Holder = "x" }) // what the loop logs, slowly
		synctest.Wait()
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		synctest.Wait()
		stopNext := a.start(untilCancelled)
		synctest.Wait()
		holding.Store(false)
		close(hold)
		require.NoError(t, <-ended)
		require.NoError(t, stopOther())
		store.Delete("lock")
		time.Sleep(time.Minute)
		require.True(t, a.IsLeader())
		require.NoError(t, stopNext())
	})
}

// Runs that come and go in real time all return.
func TestRunsComeAndGo(t *testing.T) {
	t.Parallel()
	a := newReplica(t, locktest.NewStore(), "a", func(c *config) { c.Observers, c.Now = nil, nil })
	for range 100 {
		var runs sync.WaitGroup
		for range 4 {
			runs.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(300))*time.Microsecond)
				defer cancel()
				_ = a.Run(ctx, untilCancelled)
			})
		}
		runs.Wait()
	}
}

// One answer that asks for a day of silence does not cost a day.
func TestRetryAfterIsBounded(t *testing.T) {
	for _, verb := range []string{"read", "insert", "swap"} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newReplica(t, locktest.NewStore(), "a", nil)
				a.client.SetFault(func(c locktest.Call) (f locktest.Fault) {
					if c.Verb == verb && c.N == 1 {
						f.Err = apierrors.NewTooManyRequests("busy", 86400)
					}
					return f
				})
				stop := a.start(untilCancelled)
				time.Sleep(time.Minute)
				require.True(t, a.IsLeader())
				require.NoError(t, stop())
			})
		})
	}
}

// deaf is a Lock whose Swap ignores its context once it hangs.
type deaf struct {
	lock.Lock
	hang atomic.Pointer[chan struct{}]
}

func (d *deaf) Swap(ctx context.Context, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	if c := d.hang.Load(); c != nil {
		<-*c
	}
	return d.Lock.Swap(ctx, old, r)
}

func TestLockThatIgnoresItsContextHoldsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, hang := new(deaf), make(chan struct{})
		a := newReplica(t, locktest.NewStore(), "a", func(c *config) {
			d.Lock = c.Lock
			c.Lock = d
		})
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		d.hang.Store(&hang)
		time.Sleep(20 * time.Second)
		require.False(t, a.IsLeader())
		require.NoError(t, stop())
		close(hang)
	})
}

// Nothing is reported of a term whose Run has returned, though the log is slow.
func TestNoOverrunAfterRunHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var returned atomic.Bool
		a := newReplica(t, locktest.NewStore(), "a", func(c *config) {
			c.DrainTimeout = 10 * time.Second
			c.Logger = slog.New(onLog{text: "has not returned", do: func() { time.Sleep(50 * time.Millisecond) }})
			c.Observers = []leaderelection.Observer{func(e leaderelection.Event) {
				if returned.Load() {
					t.Errorf("%s after Run had returned", e.Kind)
				}
			}}
			c.OnOverrun = func(leaderelection.Overrun) {
				if returned.Load() {
					t.Error("OnOverrun after Run had returned")
				}
			}
		})
		stop := a.start(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(10*time.Second + 10*time.Millisecond)
			return nil
		})
		time.Sleep(time.Second)
		require.NoError(t, stop())
		returned.Store(true)
		time.Sleep(time.Minute)
	})
}

// After a sleep of the machine both are due; OnFence waits for nothing.
func TestFenceDoesNotWaitForAnOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept, fenced atomic.Int64
		clock, release, finish := locktest.Clock(), make(chan struct{}), make(chan struct{})
		a := newReplica(t, locktest.NewStore(), "a", func(c *config) {
			c.Now = func() time.Duration { return clock() + time.Duration(slept.Load()) }
			c.OnOverrun = func(leaderelection.Overrun) { <-release }
			c.OnFence = func(leaderelection.Fence) { fenced.Add(1) }
		})
		stop := a.start(func(context.Context) error {
			<-finish
			return nil
		})
		time.Sleep(time.Second)
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		time.Sleep(time.Second)
		a.client.Cut()
		slept.Store(int64(time.Hour))
		time.Sleep(time.Minute)
		require.EqualValues(t, 1, fenced.Load())
		close(release)
		close(finish)
		a.client.Heal()
		require.NoError(t, <-ended)
	})
}

// What Status has returned stays as it is, and another's entry in the list is
// left alone.
func TestStatusIsNotWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		stop := a.start(untilCancelled)
		time.Sleep(time.Second)
		other := store.Client("lock")
		s, err := other.Read(t.Context())
		require.NoError(t, err)
		r := s.Record
		r.Candidates = append(r.Candidates, lock.Candidate{Identity: "x"})
		_, err = other.Swap(t.Context(), s, r)
		require.NoError(t, err)
		synctest.Wait()
		before := a.Status().Candidates
		time.Sleep(time.Minute)
		require.True(t, before[1].Since.IsZero())
		require.True(t, a.Status().Candidates[1].Since.IsZero())
		require.NoError(t, stop())
	})
}

// A Run whose work has not begun waits for no other's drain.
func TestRunWithoutWorkReturnsDuringAnothersDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		stop, _ := w.run("first", 24*time.Hour)
		synctest.Wait()
		stop()
		synctest.Wait()
		stopNext, _ := w.run("next", 0)
		synctest.Wait()
		w.said()
		stopNext()
		time.Sleep(time.Second)
		require.NotEmpty(t, w.said())
		time.Sleep(48 * time.Hour)
	})
}

func TestEndedContextsDoNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a", nil)
		stop := a.start(untilCancelled)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, a.Run(ctx, func(context.Context) error {
			t.Error("lead was called")
			return nil
		}))
		require.ErrorIs(t, a.StepDown(ctx), context.Canceled)
		synctest.Wait()
		require.True(t, a.IsLeader())
		require.NoError(t, stop())
	})
}

func TestObserverThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := 0
		a := newReplica(t, locktest.NewStore(), "a", func(c *config) {
			c.Observers = []leaderelection.Observer{func(leaderelection.Event) {
				if events++; events == 1 {
					runtime.Goexit() // as require.NoError does
				}
			}}
		})
		stop := a.start(untilCancelled)
		time.Sleep(time.Minute)
		require.NoError(t, stop())
		require.Greater(t, events, 2)
	})
}

// Both StepDowns return when the lock is free.
func TestStepDownWhileOneGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		stop := a.start(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(5 * time.Second)
			return nil
		})
		synctest.Wait()
		first := make(chan error, 1)
		go func() { first <- a.StepDown(context.Background()) }()
		synctest.Wait()
		require.NoError(t, a.StepDown(context.Background()))
		s, _ := store.Get("lock")
		require.Empty(t, s.Holder)
		require.NoError(t, <-first)
		require.NoError(t, stop())
	})
}

// Requests that a campaign has cancelled say nothing of the next one's API
// server.
func TestAnswersOfAnEarlierCampaignAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slow, warned atomic.Bool
		a := newReplica(t, locktest.NewStore(), "a", func(c *config) {
			c.Observers = []leaderelection.Observer{func(leaderelection.Event) {
				if slow.Load() {
					time.Sleep(time.Second)
				}
			}}
			c.Logger = slog.New(onLog{text: "request failed", do: func() { warned.Store(true) }})
		})
		a.client.SetFault(func(locktest.Call) locktest.Fault { return locktest.Fault{Delay: 5 * time.Second} })
		slow.Store(true)
		stop := a.start(untilCancelled)
		time.Sleep(6 * time.Second)
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		time.Sleep(time.Millisecond)
		a.client.Heal()
		stopNext := a.start(untilCancelled)
		require.NoError(t, <-ended)
		slow.Store(false)
		time.Sleep(time.Minute)
		require.False(t, warned.Load())
		require.NoError(t, stopNext())
	})
}

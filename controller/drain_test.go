package controller_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// The ends of a term, and what ends it so.
var (
	gracefulEnds = map[error]func(*run, *switchboard){
		leaderelection.ErrShutdown:    func(r *run, _ *switchboard) { r.end() },
		leaderelection.ErrSteppedDown: func(_ *run, s *switchboard) { s.end(leaderelection.ErrSteppedDown) },
	}
	losses = []error{leaderelection.ErrTaken, leaderelection.ErrDeleted, leaderelection.ErrDeadline}
)

// inflight is a handler whose calls wait for release, or also for the end of
// their context if they obey. It notes when and why they ended.
type inflight struct {
	journal
	obeys   bool
	start   time.Time
	release chan struct{}
	causes  []error
}

func newInflight(obeys bool) *inflight {
	return &inflight{obeys: obeys, start: time.Now(), release: make(chan struct{})}
}

func (f *inflight) Handle(ctx context.Context, obj runtime.Object) error {
	var ended <-chan struct{}
	if f.obeys {
		ended = ctx.Done()
	}
	select {
	case <-f.release:
	case <-ended:
	}
	f.note(fmt.Sprint(state(obj), " ", time.Since(f.start)))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.causes = append(f.causes, context.Cause(ctx))
	return ctx.Err()
}

// leading returns a controller that leads and handles object a.
func leading(t *testing.T, cfg *controller.Config, h controller.Handler, m controller.MetricsRecorder) (*run, *switchboard, *cluster) {
	t.Helper()
	c, s := newCluster("a"), newSwitchboard()
	r := launch(t, cfg, h, c, s, m)
	s.grant()
	return r, s, c
}

func TestGracefulEndLetsHandlersFinish(t *testing.T) {
	for cause, end := range gracefulEnds {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newInflight(true)
				r, s, _ := leading(t, nil, h, nil)
				end(r, s)
				time.Sleep(controller.DefaultDrainTimeout - time.Second)
				require.Zero(t, s.terms(), "the leadership is kept")
				close(h.release)
				synctest.Wait()
				require.Equal(t, 1, s.terms())
				require.Equal(t, []string{"a=0 9s"}, h.take())
				require.Equal(t, []error{nil}, h.causes, "its context lived on")
				require.NotContains(t, r.logs.String(), "drain overran")
				require.Contains(t, r.logs.String(), `"msg":"term ended: handlers drained","controller":"controller","token":0,"reason":"`+cause.Error()+`","handlers":1,"overran":0,"took":9000000000`)
			})
		})
	}
}

func TestLossEndsHandlersAtOnce(t *testing.T) {
	for _, cause := range losses {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newInflight(true)
				_, s, _ := leading(t, nil, h, nil)
				s.end(fmt.Errorf("%w: \"b\"", cause))
				require.Equal(t, []string{"a=0 0s"}, h.take())
				require.ErrorIs(t, h.causes[0], cause)
				require.ErrorContains(t, h.causes[0], `"b"`)
				require.Equal(t, 1, s.terms())
				s.grant()
				require.Equal(t, 1, s.terms(), "the same object is handled in the next term")
				close(h.release)
				synctest.Wait()
				require.Len(t, h.take(), 1)
			})
		})
	}
}

func TestDrainTimeout(t *testing.T) {
	for cause, end := range gracefulEnds {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, m := newInflight(true), &recording{}
				r, s, _ := leading(t, &controller.Config{DrainTimeout: time.Minute}, h, m)
				end(r, s)
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Equal(t, []string{"a=0 1m0s"}, h.take(), "not earlier, not later")
				require.ErrorIs(t, h.causes[0], controller.ErrDrainTimeout)
				require.ErrorIs(t, h.causes[0], cause)
				require.Equal(t, 1, s.terms())
				require.Contains(t, r.logs.String(), `"keys":["ns/a"],"drain_took":60000000000,"longest_call":60000000000`)
				require.Equal(t, 1, strings.Count(r.logs.String(), "drain overran"))
				require.Subset(t, m.take(), []string{"overran 1", "drained 1 1m0s", "done cancelled"})
			})
		})
	}
}

func TestNegativeDrainTimeoutIsNone(t *testing.T) {
	for cause, end := range gracefulEnds {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newInflight(true)
				r, s, _ := leading(t, &controller.Config{DrainTimeout: -1}, h, nil)
				end(r, s)
				synctest.Wait()
				require.Equal(t, []string{"a=0 0s"}, h.take())
				require.Equal(t, []error{cause}, h.causes)
				require.Equal(t, 1, s.terms())
			})
		})
	}
}

func TestTermThatIsLostDuringTheDrain(t *testing.T) {
	for cause, end := range gracefulEnds {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newInflight(true)
				r, s, _ := leading(t, nil, h, nil)
				end(r, s)
				time.Sleep(3 * time.Second)
				require.Empty(t, h.take())
				s.invalidate()
				require.Equal(t, []string{"a=0 3s"}, h.take())
				require.ErrorIs(t, h.causes[0], cause)
				require.NotErrorIs(t, h.causes[0], controller.ErrDrainTimeout)
				require.ErrorContains(t, h.causes[0], "the term ended during the drain")
			})
		})
	}
}

// The leadership is kept for a handler that listens to nothing, after a loss
// as well: no second term of this process begins beside it.
func TestLeadershipIsKeptUntilTheLastHandlerReturns(t *testing.T) {
	for _, cause := range append(losses, leaderelection.ErrSteppedDown) {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, m := newInflight(false), &recording{}
				r, s, c := leading(t, nil, h, m)
				c.set("b", "0")
				synctest.Wait()
				s.end(cause)
				s.grant() // which nobody takes yet
				time.Sleep(time.Hour)
				require.Zero(t, s.terms())
				require.Len(t, s.grants, 1)
				require.Greater(t, strings.Count(r.logs.String(), "drain overran"), 300, "it is said again every 10 s")
				require.Contains(t, r.logs.String(), `"keys":["ns/a","ns/b"]`)
				close(h.release)
				synctest.Wait()
				require.Equal(t, 1, s.terms())
				require.Empty(t, s.grants, "the next term has begun")
				require.Len(t, h.take(), 4)
				calls := m.take()
				require.Equal(t, 1, count(calls, "overran 2"), "once per term")
				require.Equal(t, 1, count(calls, "drained 2 1h0m0s"))
			})
		})
	}
}

func TestHandlersThatLeaveSoonAfterALossDoNotOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &recording{}
		r, s, _ := leading(t, nil, controller.HandlerFunc(func(ctx context.Context, _ runtime.Object) error {
			<-ctx.Done()
			time.Sleep(time.Second - 1)
			return nil
		}), m)
		s.end(leaderelection.ErrTaken)
		time.Sleep(time.Minute)
		require.NotContains(t, r.logs.String(), "drain overran")
		require.Contains(t, m.take(), "drained 1 999.999999ms")
	})
}

func TestNothingIsTakenAfterTheEnd(t *testing.T) {
	for cause, end := range gracefulEnds {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newInflight(false)
				cfg := &controller.Config{ConcurrentWorkers: 1, DrainTimeout: time.Hour, ResyncInterval: time.Minute}
				r, s, c := leading(t, cfg, controller.HandlerFuncs{OnHandle: h.Handle, OnDelete: h.Handle}, nil)
				c.set("b", "0") // it waits in the queue when the term ends
				synctest.Wait()
				end(r, s)
				c.set("a", "1") // while its handler drains
				c.set("c", "0")
				c.remove("b")
				time.Sleep(10 * time.Minute) // resyncs
				close(h.release)
				time.Sleep(time.Hour)
				require.Equal(t, []string{"a=0 10m0s"}, h.take())
				require.Equal(t, 1, s.terms())
			})
		})
	}
}

func TestNoRetryOrRequeueOutlivesTheTerm(t *testing.T) {
	for name, result := range map[string]error{"failure": errSick, "requeue": controller.RequeueAfter(time.Second)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := &journal{}
				cfg := &controller.Config{RetryBaseDelay: time.Second, DrainTimeout: time.Hour}
				r, s, c := leading(t, cfg, controller.HandlerFunc(func(_ context.Context, obj runtime.Object) error {
					j.note(state(obj))
					time.Sleep(10 * time.Second)
					return result
				}), nil)
				c.set("b", "0")
				time.Sleep(5 * time.Second)
				s.end(leaderelection.ErrSteppedDown)
				time.Sleep(time.Hour)
				require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted())
				require.Equal(t, 1, s.terms())
				require.Equal(t, name == "failure", strings.Contains(r.logs.String(), "left to the next term"))
			})
		})
	}
}

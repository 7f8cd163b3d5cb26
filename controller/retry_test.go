package controller_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	kruntime "k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
)

var errSick = errors.New("sick")

// timed notes when it was called, since the first call, and returns what the
// function says of the n-th call.
func timed(j *journal, result func(n int) error) controller.Handler {
	n, first := 0, time.Time{}
	return controller.HandlerFunc(func(_ context.Context, obj kruntime.Object) error {
		if n == 0 {
			first = time.Now()
		}
		n++
		j.note(fmt.Sprint(state(obj), " ", time.Since(first)))
		return result(n)
	})
}

func TestFailuresAreRetriedWithBackoffThenGivenUp(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		cfg := &controller.Config{
			ProcessingJobRetries: 5, RetryBaseDelay: 10 * time.Millisecond, RetryMaxDelay: 50 * time.Millisecond,
			ResyncInterval: time.Hour,
		}
		r := m.start(t, cfg, timed(j, func(int) error { return errSick }), c)
		c.set("a", "1")
		time.Sleep(time.Minute)
		require.Equal(t, []string{
			"a=1 0s", "a=1 10ms", "a=1 30ms", "a=1 70ms", "a=1 120ms", "a=1 170ms",
		}, j.take())
		require.Contains(t, r.logs.String(), `"key":"ns/a","error":"sick","attempts":6`)
		c.set("a", "2")
		time.Sleep(time.Minute)
		require.Len(t, j.take(), 6, "a change begins a new count")
		time.Sleep(time.Hour)
		require.Len(t, j.take(), 6, "and so does a resync")
	})
}

func TestRetryCounts(t *testing.T) {
	for retries, calls := range map[int]int{-1: 1, 0: 1 + controller.DefaultProcessingJobRetries, 1: 2} {
		t.Run(fmt.Sprint(retries), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, j := newCluster("a"), &journal{}
				launch(t, &controller.Config{ProcessingJobRetries: retries}, timed(j, func(int) error { return errSick }), c, nil, nil)
				time.Sleep(controller.DefaultResyncInterval - 1)
				require.Len(t, j.take(), calls)
			})
		})
	}
}

func TestSuccessEndsTheFailures(t *testing.T) {
	for name, success := range map[string]error{"nil": nil, "requeue": controller.RequeueAfter(time.Second)} {
		t.Run(name, func(t *testing.T) {
			inEachMode(t, func(t *testing.T, m mode) {
				c, j := newCluster(), &journal{}
				cfg := &controller.Config{ProcessingJobRetries: 2, RetryBaseDelay: 100 * time.Millisecond}
				m.start(t, cfg, timed(j, func(n int) error {
					if n == 3 {
						return success
					}
					return errSick
				}), c)
				c.set("a", "1")
				time.Sleep(400 * time.Millisecond)
				c.set("a", "2")
				time.Sleep(time.Minute)
				require.Equal(t, []string{
					"a=1 0s", "a=1 100ms", "a=1 300ms",
					"a=2 400ms", "a=2 500ms", "a=2 700ms",
				}, j.take()[:6])
			})
		})
	}
}

func TestRequeueAfterIsNoFailure(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		r := m.start(t, &controller.Config{ProcessingJobRetries: -1}, timed(j, func(n int) error {
			if n < 4 {
				return fmt.Errorf("not yet: %w", controller.RequeueAfter(20*time.Second))
			}
			return nil
		}), c)
		c.set("a", "1")
		time.Sleep(2 * time.Minute)
		require.Equal(t, []string{"a=1 0s", "a=1 20s", "a=1 40s", "a=1 1m0s"}, j.take())
		require.NotContains(t, r.logs.String(), "handling failed")
	})
}

func TestRequeueAfterCompares(t *testing.T) {
	require.ErrorIs(t, fmt.Errorf("wrapped: %w", controller.RequeueAfter(time.Second)), controller.RequeueAfter(time.Second))
	require.NotErrorIs(t, controller.RequeueAfter(time.Second), controller.RequeueAfter(time.Minute))
}

func TestPanicIsOneFailure(t *testing.T) {
	for name, die := range map[string]func(){
		"panic":     func() { panic("the disc is full") },
		"error":     func() { panic(errSick) },
		"nil":       func() { var p *int; *p = 1 }, //nolint:govet // the point
		"goexit":    runtime.Goexit,                // as of testing.T.FailNow in a handler
		"nil panic": func() { panic(nil) },         //nolint:govet // the point
	} {
		t.Run(name, func(t *testing.T) {
			inEachMode(t, func(t *testing.T, m mode) {
				c, j := newCluster(), &journal{}
				cfg := &controller.Config{ConcurrentWorkers: 1, RetryBaseDelay: time.Second}
				r := m.start(t, cfg, timed(j, func(n int) error {
					if n == 1 {
						die()
					}
					return nil
				}), c)
				c.set("a", "1")
				time.Sleep(time.Minute)
				require.Equal(t, []string{"a=1 0s", "a=1 1s"}, j.take())
				require.Contains(t, r.logs.String(), `"msg":"handling failed"`)
				if name != "goexit" {
					require.Contains(t, r.logs.String(), "retry_test.go", "the stack is in the log")
				}
				c.set("a", "2")
				synctest.Wait()
				require.Len(t, j.take(), 1, "the worker lives on")
			})
		})
	}
}

func TestFailuresEndWithTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster("a"), &journal{}, newSwitchboard()
		cfg := &controller.Config{ProcessingJobRetries: 2, RetryBaseDelay: time.Second}
		launch(t, cfg, timed(j, func(int) error { return errSick }), c, s, nil)
		s.grant()
		time.Sleep(1500 * time.Millisecond)
		require.Len(t, j.take(), 2)
		s.end(nil)
		time.Sleep(time.Minute)
		require.Empty(t, j.take(), "no retry on standby")
		s.grant()
		time.Sleep(time.Minute)
		require.Len(t, j.take(), 3, "a new term counts anew")
	})
}

package controller_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// call is a Warm or a Run that goes on.
type call struct {
	cancel context.CancelCauseFunc
	ended  chan struct{}
	err    error
}

// begin calls a method, and waits until everything rests.
func begin(t *testing.T, ctx context.Context, method func(context.Context) error) *call {
	t.Helper()
	ctx, cancel := context.WithCancelCause(ctx)
	c := &call{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		c.err = method(ctx)
	}()
	t.Cleanup(func() { c.end(nil) })
	synctest.Wait()
	return c
}

// end ends the call's context, and waits until everything rests.
func (c *call) end(cause error) {
	c.cancel(cause)
	synctest.Wait()
}

func (c *call) returned() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// requireReturned requires that the call is over, without an error.
func (c *call) requireReturned(t *testing.T) {
	t.Helper()
	require.True(t, c.returned())
	require.NoError(t, c.err)
}

func TestWarmControllerListsOnceForAllTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, out := newCluster("a", "b"), &journal{}, &logs{}
		ctrl := controller.New(&controller.Config{ResyncInterval: time.Hour}, both(j), c, nil, nil, slog.New(slog.NewJSONHandler(out, nil)))
		warm := begin(t, t.Context(), ctrl.Warm)
		require.NoError(t, ctrl.Check(nil))
		require.Empty(t, j.take(), "it only listens")
		want := []string{"a=0", "b=0"}
		for _, change := range []string{"1", "2", "3", "4", "5"} {
			term := begin(t, t.Context(), ctrl.Run)
			require.Equal(t, want, j.takeSorted(), "all objects, in their newest state")
			term.end(nil)
			term.requireReturned(t)
			require.NoError(t, ctrl.Check(nil), "between terms")

			c.set("a", change)
			c.set("c", change)
			c.remove("c")
			time.Sleep(3 * time.Hour) // resyncs, if there were any
			require.Empty(t, j.take(), "nothing is handled between terms")
			want[0] = "a=" + change
		}
		lists, watches := c.requests()
		require.Equal(t, 1, lists)
		require.Equal(t, 1, watches)
		require.Equal(t, 1, strings.Count(out.String(), `"msg":"synced"`), "terms do not sync")
		warm.end(nil)
		warm.requireReturned(t)
		require.True(t, c.watchers[0].IsStopped())
		require.EqualError(t, ctrl.Check(nil), "controller: it does not run")
	})
}

// Whichever of Warm and Run ends last ends the informer.
func TestInformerLivesAsLongAsItsLastHolder(t *testing.T) {
	for _, first := range []string{"Warm", "Run"} {
		for _, shorter := range []string{"Warm", "Run"} {
			t.Run(first+" begins, "+shorter+" ends before the other", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, j := newCluster("a"), &journal{}
					ctrl := controller.New(nil, j, c, nil, nil, logger)
					methods := map[string]func(context.Context) error{"Warm": ctrl.Warm, "Run": ctrl.Run}
					second, longer := other(first), other(shorter)
					calls := map[string]*call{first: begin(t, t.Context(), methods[first])}
					calls[second] = begin(t, t.Context(), methods[second])
					require.Equal(t, []string{"a=0"}, j.take())

					calls[shorter].end(nil)
					calls[shorter].requireReturned(t)
					require.False(t, calls[longer].returned())
					require.Len(t, c.watchers, 1)
					require.False(t, c.watchers[0].IsStopped())
					require.NoError(t, ctrl.Check(nil))
					c.set("a", "1")
					synctest.Wait()
					require.Equal(t, longer == "Run", len(j.take()) == 1, "Run goes on handling, Warm does not")

					calls[longer].end(nil)
					calls[longer].requireReturned(t)
					require.True(t, c.watchers[0].IsStopped())
					require.Error(t, ctrl.Check(nil))
					lists, _ := c.requests()
					require.Equal(t, 1, lists)
				})
			})
		}
	}
}

func other(method string) string {
	if method == "Warm" {
		return "Run"
	}
	return "Warm"
}

func TestWarmAndRunBeforeTheFirstSync(t *testing.T) {
	for _, shorter := range []string{"Warm", "Run"} {
		t.Run(shorter+" ends while both wait", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, j := newCluster("a"), &journal{}
				ctrl := controller.New(nil, j, c, nil, nil, logger)
				c.setFault(errors.New("no rights"))
				calls := map[string]*call{"Warm": begin(t, t.Context(), ctrl.Warm), "Run": begin(t, t.Context(), ctrl.Run)}
				time.Sleep(time.Minute)
				require.ErrorContains(t, ctrl.Check(nil), "no rights")
				calls[shorter].end(nil)
				calls[shorter].requireReturned(t)
				require.ErrorContains(t, ctrl.Check(nil), "no rights")
				c.setFault(nil)
				time.Sleep(time.Minute)
				require.NoError(t, ctrl.Check(nil))
				require.Equal(t, shorter == "Warm", len(j.take()) == 1)
				longer := calls[other(shorter)]
				longer.end(nil)
				longer.requireReturned(t)
				require.True(t, c.watchers[0].IsStopped())
			})
		})
	}
}

func TestWarmEndsWithoutASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, out := newCluster("a"), &logs{}
		c.setFault(errors.New("no rights"))
		warm := begin(t, t.Context(), controller.New(nil, &journal{}, c, nil, nil, slog.New(slog.NewJSONHandler(out, nil))).Warm)
		time.Sleep(15 * time.Second)
		require.Equal(t, 1, strings.Count(out.String(), "still waiting for the first list"))
		before := time.Now()
		warm.end(nil)
		warm.requireReturned(t)
		require.Zero(t, time.Since(before))
	})
}

// Nothing of the informer runs when its last holder has returned, and nobody
// waits for it before.
func TestWarmJoinsTheRetriever(t *testing.T) {
	for name, list := range map[string]bool{"list": true, "watch": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hanging{cluster: newCluster("a"), list: list, returns: make(chan struct{})}
				ctrl := controller.New(nil, &journal{}, h, newSwitchboard(), nil, logger)
				run, warm := begin(t, t.Context(), ctrl.Run), begin(t, t.Context(), ctrl.Warm)
				run.end(nil)
				run.requireReturned(t)
				warm.end(nil)
				time.Sleep(time.Hour)
				require.False(t, warm.returned(), "a request is in flight")
				require.ErrorIs(t, ctrl.Warm(t.Context()), controller.ErrWarming)
				close(h.returns)
				synctest.Wait()
				warm.requireReturned(t)
			})
		})
	}
}

// A Run whose context has ended needs no informer for its drain, so that a Warm
// that begins then lists anew, and neither disturbs the other.
func TestWarmBeginsWhileRunDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, returns := newCluster("a"), make(chan struct{})
		ctrl := controller.New(nil, controller.HandlerFunc(func(context.Context, runtime.Object) error {
			<-returns
			return nil
		}), c, nil, nil, slog.New(slog.DiscardHandler))
		run := begin(t, t.Context(), ctrl.Run)
		run.end(nil)
		require.False(t, run.returned())
		require.True(t, c.watchers[0].IsStopped())
		require.NoError(t, ctrl.Check(nil))

		warm := begin(t, t.Context(), ctrl.Warm)
		require.NoError(t, ctrl.Check(nil))
		close(returns)
		synctest.Wait()
		run.requireReturned(t)
		require.Len(t, c.watchers, 2)
		require.False(t, c.watchers[1].IsStopped())
		require.NoError(t, ctrl.Check(nil))
		warm.end(nil)
		warm.requireReturned(t)
		require.True(t, c.watchers[1].IsStopped())
	})
}

func TestWarmRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.ErrorIs(t, (*controller.Controller)(nil).Warm(t.Context()), controller.ErrNilController)
		err := controller.New(&controller.Config{ConcurrentWorkers: -1}, nil, newCluster(), nil, nil, logger).Warm(t.Context())
		require.ErrorContains(t, err, "ConcurrentWorkers = -1")
		require.ErrorContains(t, err, "handler")
		var none *leaderelection.Elector
		require.ErrorIs(t, controller.New(nil, &journal{}, newCluster(), none, nil, logger).Warm(t.Context()), leaderelection.ErrNilElector)

		c := newCluster("a")
		ctrl := controller.New(nil, &journal{}, c, nil, nil, logger)
		for range 3 {
			warm := begin(t, t.Context(), ctrl.Warm)
			require.ErrorIs(t, ctrl.Warm(t.Context()), controller.ErrWarming)
			warm.end(nil)
			warm.requireReturned(t)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		lists, _ := c.requests()
		require.NoError(t, ctrl.Warm(ended))
		after, _ := c.requests()
		require.Equal(t, lists, after, "a context that has ended asks for nothing")
	})
}

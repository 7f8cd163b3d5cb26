package controller_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// unrivalled are the Runners with which a Run is part of the term that it is
// called in.
var unrivalled = map[string]leaderelection.Runner{"nil": nil, "plain": leaderelection.Plain{}}

// outer is a term that was granted to whoever calls Run.
func outer(t *testing.T) (ctx context.Context, term *leaderelection.Term, expire func()) {
	t.Helper()
	done := make(chan struct{})
	term = leaderelection.NewTerm(leaderelection.TermConfig{Token: 7, Identity: "me", Done: done})
	return leaderelection.WithTerm(t.Context(), term), term, func() { close(done) }
}

func TestHandlersSeeTheTermThatRunIsCalledIn(t *testing.T) {
	for name, runner := range unrivalled {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, term, expire := outer(t)
				var seen *leaderelection.Term
				ctrl := controller.New(nil, controller.HandlerFunc(func(ctx context.Context, _ runtime.Object) error {
					seen, _ = leaderelection.TermFromContext(ctx)
					return nil
				}), newCluster("a"), runner, nil, logger)
				begin(t, ctx, ctrl.Run)
				require.Same(t, term, seen)
				require.True(t, seen.Valid())
				expire()
				require.False(t, seen.Valid())
			})
		})
	}
}

func TestEndOfTheOuterTermIsTheHandlers(t *testing.T) {
	for name, runner := range unrivalled {
		for _, c := range []struct {
			cause error
			takes time.Duration
		}{
			{leaderelection.ErrShutdown, 5 * time.Second},
			{leaderelection.ErrSteppedDown, 5 * time.Second},
			{leaderelection.ErrTaken, 0},
			{leaderelection.ErrDeleted, 0},
			{leaderelection.ErrDeadline, 0},
			{context.Canceled, 0},
		} {
			t.Run(fmt.Sprint(name, ", ", c.cause), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, _, _ := outer(t)
					h := newInflight(true)
					ctrl := controller.New(nil, h, newCluster("a"), runner, nil, slog.New(slog.DiscardHandler))
					begin(t, t.Context(), ctrl.Warm)
					run := begin(t, ctx, ctrl.Run)
					run.end(fmt.Errorf("%w: \"b\"", c.cause))
					require.Equal(t, c.takes == 0, run.returned())
					time.Sleep(5 * time.Second)
					close(h.release)
					synctest.Wait()
					run.requireReturned(t)
					require.Equal(t, []string{fmt.Sprint("a=0 ", c.takes)}, h.take())
					if c.takes == 0 {
						require.ErrorIs(t, h.causes[0], c.cause)
						require.ErrorContains(t, h.causes[0], `"b"`)
					} else {
						require.NoError(t, h.causes[0], "it may finish")
					}
				})
			})
		}
	}
}

func TestOuterTermThatIsLostDuringTheDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, _, expire := outer(t)
		h := newInflight(true)
		run := begin(t, ctx, controller.New(nil, h, newCluster("a"), nil, nil, slog.New(slog.DiscardHandler)).Run)
		run.end(leaderelection.ErrShutdown)
		time.Sleep(3 * time.Second)
		require.Empty(t, h.take())
		expire()
		synctest.Wait()
		require.Equal(t, []string{"a=0 3s"}, h.take())
		require.ErrorIs(t, h.causes[0], leaderelection.ErrShutdown)
	})
}

// As a component runs: warm for as long as the process lives, once per term.
func TestComponentOfAnElector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c, j := locktest.NewStore(), newCluster("a"), &journal{}
		var tokens []uint64
		ctrl := controller.New(nil, controller.HandlerFunc(func(ctx context.Context, obj runtime.Object) error {
			term, _ := leaderelection.TermFromContext(ctx)
			if !term.Valid() {
				j.note("not valid")
			}
			tokens = append(tokens, term.Token())
			return j.Handle(ctx, obj)
		}), c, nil, nil, slog.New(slog.DiscardHandler))
		warm := begin(t, t.Context(), ctrl.Warm)
		elector := newElector(store, "a")
		campaign := begin(t, t.Context(), func(ctx context.Context) error { return elector.Run(ctx, ctrl.Run) })
		require.Equal(t, []string{"a=0"}, j.take())
		store.Delete(lockName)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=0"}, j.take(), "a loss is followed by another term")
		require.NoError(t, elector.StepDown(t.Context()))
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=0"}, j.take())
		require.Len(t, tokens, 3)
		require.IsIncreasing(t, tokens)
		require.Equal(t, elector.Status().Token, tokens[2])
		lists, _ := c.requests()
		require.Equal(t, 1, lists)
		campaign.end(nil)
		campaign.requireReturned(t)
		require.Empty(t, holder(store))
		warm.end(nil)
		warm.requireReturned(t)
	})
}

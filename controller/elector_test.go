package controller_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

const lockName = "lock"

// newElector returns a candidate for the store's one lock, with the timings
// 15 s, 10 s, 2 s.
func newElector(store *locktest.Store, identity string, observers ...leaderelection.Observer) *leaderelection.Elector {
	e, err := leaderelection.NewElector(leaderelection.Config{
		Lock: store.Client(lockName), Identity: identity, Now: locktest.Clock(),
		Logger: slog.New(slog.DiscardHandler), Observers: observers,
	})
	if err != nil {
		panic(err)
	}
	return e
}

// holder is who has the lock.
func holder(store *locktest.Store) string {
	s, _ := store.Get(lockName)
	return s.Holder
}

func TestOneReplicaHandlesAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := locktest.NewStore(), newCluster("x", "y")
		journals, runs := make(map[string]*journal), make(map[string]*run)
		for _, id := range []string{"a", "b", "c"} {
			journals[id] = &journal{}
			runs[id] = launch(t, nil, journals[id], c, newElector(store, id), nil)
		}
		for len(runs) > 0 {
			leader := holder(store)
			require.Equal(t, []string{"x=0", "y=0"}, journals[leader].takeSorted())
			for id := range runs {
				require.Empty(t, journals[id].take(), "%s handles beside %s", id, leader)
			}
			before := time.Now()
			require.NoError(t, runs[leader].stop())
			delete(runs, leader)
			synctest.Wait()
			require.Zero(t, time.Since(before), "nobody waits for an expiry")
		}
	})
}

func TestLockIsKeptWhileHandlersDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c, j := locktest.NewStore(), newCluster("x"), &journal{}
		returns := make(chan struct{})
		deaf := controller.HandlerFunc(func(context.Context, runtime.Object) error {
			<-returns
			return nil
		})
		a := launch(t, &controller.Config{DrainTimeout: time.Minute}, deaf, c, newElector(store, "a"), nil)
		launch(t, nil, j, c, newElector(store, "b"), nil)
		a.end()
		time.Sleep(time.Hour)
		require.Equal(t, "a", holder(store), "renewed for an hour")
		require.Empty(t, j.take())
		close(returns)
		synctest.Wait()
		require.Equal(t, "b", holder(store))
		require.Equal(t, []string{"x=0"}, j.take())
		require.NoError(t, a.stop())
	})
}

func TestStepDownLetsHandlersFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := locktest.NewStore(), newCluster("x")
		var calls []error
		a := newElector(store, "a")
		launch(t, nil, controller.HandlerFunc(func(ctx context.Context, _ runtime.Object) error {
			time.Sleep(5 * time.Second)
			calls = append(calls, ctx.Err())
			return nil
		}), c, a, nil)
		before := time.Now()
		require.NoError(t, a.StepDown(t.Context()))
		require.Equal(t, 5*time.Second, time.Since(before))
		synctest.Wait()
		require.Equal(t, []error{nil}, calls)
	})
}

func TestCutOffHandlersEndAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := locktest.NewStore(), newCluster("x")
		client := store.Client(lockName)
		elector, err := leaderelection.NewElector(leaderelection.Config{
			Lock: client, Identity: "a", Now: locktest.Clock(), Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		var cause error
		start := time.Now()
		ended := time.Duration(0)
		launch(t, nil, controller.HandlerFunc(func(ctx context.Context, _ runtime.Object) error {
			if cause == nil {
				<-ctx.Done()
				cause, ended = context.Cause(ctx), time.Since(start)
			}
			return nil
		}), c, elector, nil)
		client.Cut()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.ErrorIs(t, cause, leaderelection.ErrDeadline)
		require.Equal(t, 10*time.Second, ended)
		client.Heal()
	})
}

func TestControllersShareATerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := locktest.NewStore(), newCluster("x")
		elector := newElector(store, "a")
		var tokens []uint64
		noted := controller.HandlerFunc(func(ctx context.Context, _ runtime.Object) error {
			term, _ := leaderelection.TermFromContext(ctx)
			tokens = append(tokens, term.Token())
			return nil
		})
		slow := controller.HandlerFunc(func(context.Context, runtime.Object) error {
			time.Sleep(7 * time.Second)
			return nil
		})
		first := launch(t, &controller.Config{Name: "first"}, noted, c, elector, nil)
		second := launch(t, &controller.Config{Name: "second"}, noted, c, elector, nil)
		third := launch(t, &controller.Config{Name: "third"}, slow, c, elector, nil)
		require.Len(t, tokens, 2)
		require.Len(t, slices.Compact(tokens), 1, "one term")

		require.NoError(t, first.stop())
		require.Equal(t, "a", holder(store), "the others go on")
		c.set("x", "1")
		synctest.Wait()
		require.Len(t, tokens, 3)

		second.end()
		third.end()
		time.Sleep(6 * time.Second)
		require.Equal(t, "a", holder(store), "the third drains")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Empty(t, holder(store))
		require.NoError(t, second.stop())
		require.NoError(t, third.stop())
	})
}

// An ignored error of a constructor must not mean that everyone leads.
func TestNilElectorIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		elector, err := leaderelection.NewElector(leaderelection.Config{})
		require.Error(t, err)
		require.Nil(t, elector)
		c, j := newCluster("x"), &journal{}
		c.setFault(errors.New("down"))
		before := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, controller.New(nil, j, c, elector, nil, logger).Run(ctx), leaderelection.ErrNilElector)
		require.Zero(t, time.Since(before), "it waits for no sync")
		c.setFault(nil)
		require.ErrorIs(t, controller.New(nil, j, c, elector, nil, logger).Run(ctx), leaderelection.ErrNilElector)
		require.Empty(t, j.take())
		lists, watches := c.requests()
		require.Zero(t, lists+watches)
	})
}

func TestRunnersErrorIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := locktest.NewStore(), newCluster("x")
		elector, err := leaderelection.NewElector(leaderelection.Config{
			Lock: store.Client(lockName), Now: locktest.Clock(), ExitOnLoss: true, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() {
			ended <- controller.New(&controller.Config{Name: "pods"}, &journal{}, c, elector, nil, slog.New(slog.DiscardHandler)).Run(t.Context())
		}()
		synctest.Wait()
		store.Delete(lockName)
		err = <-ended
		require.ErrorIs(t, err, leaderelection.ErrLeadershipLost)
		require.ErrorIs(t, err, leaderelection.ErrDeleted)
		require.ErrorContains(t, err, "controller: run pods: ")
	})
}

package controller_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// both notes calls and deletions in one journal.
func both(j *journal) controller.HandlerFuncs {
	return controller.HandlerFuncs{
		OnHandle: j.Handle,
		OnDelete: func(_ context.Context, obj runtime.Object) error {
			j.note("gone " + state(obj))
			return nil
		},
	}
}

func TestDeletionGetsTheLastState(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, nil, both(j), c)
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		synctest.Wait()
		require.Equal(t, []string{"a=1", "gone a=1"}, j.take())
		time.Sleep(time.Hour)
		require.Empty(t, j.take())
	})
}

func TestDeletionThatNoWatchSaw(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, &controller.Config{ResyncInterval: time.Hour}, both(j), c)
		c.set("a", "1")
		c.set("b", "1")
		c.set("c", "1")
		synctest.Wait()
		j.take()
		c.setFault(errors.New("down"))
		c.breakWatches(nil)
		synctest.Wait()
		c.remove("a")
		c.remove("b")
		c.set("b", "2") // another b
		c.compact()
		c.setFault(nil)
		time.Sleep(10 * time.Minute)
		require.Equal(t, []string{"b=2", "gone a=1", "gone b=1"}, j.takeSorted(), "c has not changed")
	})
}

func TestDeletionsKeepTheKeysOrder(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		gate := make(chan struct{})
		h := both(j)
		h.OnHandle = func(_ context.Context, obj runtime.Object) error {
			<-gate
			j.note(state(obj))
			return nil
		}
		m.start(t, &controller.Config{ConcurrentWorkers: 4}, h, c)
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		c.set("a", "2")
		c.remove("a")
		c.set("a", "3")
		synctest.Wait()
		require.Empty(t, j.take(), "the deletion waits for the call in flight")
		close(gate)
		synctest.Wait()
		require.Equal(t, []string{"a=1", "gone a=1", "gone a=2", "a=3"}, j.take())
	})
}

func TestDeletionIsRetriedThenGivenUp(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		h := both(j)
		h.OnDelete = func(_ context.Context, obj runtime.Object) error {
			j.note("gone " + state(obj))
			obj.(metav1.Object).SetName("spoiled")
			return errSick
		}
		r := m.start(t, &controller.Config{ProcessingJobRetries: 2, ResyncInterval: time.Hour}, h, c)
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		c.set("a", "2")
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=1", "gone a=1", "gone a=1", "gone a=1", "a=2"}, j.take())
		require.Contains(t, r.logs.String(), "given up")
	})
}

func TestDeletionHasItsOwnRetries(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		h := both(j)
		h.OnHandle = func(context.Context, runtime.Object) error { return errSick }
		h.OnDelete = func(_ context.Context, obj runtime.Object) error {
			j.note("gone " + state(obj))
			return errSick
		}
		m.start(t, &controller.Config{ProcessingJobRetries: 2, RetryBaseDelay: time.Second}, h, c)
		c.set("a", "1")
		time.Sleep(1500 * time.Millisecond) // two failures
		c.remove("a")
		time.Sleep(time.Minute)
		require.Len(t, j.take(), 3)
	})
}

func TestDeletionCanRequeue(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		h := both(j)
		n := 0
		h.OnDelete = func(_ context.Context, obj runtime.Object) error {
			j.note("gone " + state(obj))
			if n++; n == 1 {
				return controller.RequeueAfter(time.Minute)
			}
			return nil
		}
		m.start(t, nil, h, c)
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		time.Sleep(time.Minute - 1)
		require.Equal(t, []string{"a=1", "gone a=1"}, j.take())
		time.Sleep(time.Hour)
		require.Equal(t, []string{"gone a=1"}, j.take())
	})
}

func TestPlainHandlersSeeNoDeletion(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, nil, j, c)
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		time.Sleep(time.Hour)
		require.Equal(t, []string{"a=1"}, j.take())
	})
}

func TestDeletionOnStandbyIsNotDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster("a", "b"), &journal{}, newSwitchboard()
		launch(t, nil, both(j), c, s, nil)
		c.remove("a")
		synctest.Wait()
		s.grant()
		require.Equal(t, []string{"b=0"}, j.take())
		s.end(leaderelection.ErrTaken)
		c.remove("b")
		synctest.Wait()
		s.grant()
		require.Empty(t, j.take())
	})
}

func TestHandlerFuncsMayLackOne(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, nil, controller.HandlerFuncs{OnDelete: both(j).OnDelete}, c)
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		synctest.Wait()
		require.Equal(t, []string{"gone a=1"}, j.take())
	})
	require.NoError(t, controller.HandlerFuncs{OnHandle: (&journal{}).Handle}.HandleDelete(t.Context(), nil))
}

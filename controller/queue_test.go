package controller_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/regent-ha/regent/controller"
)

func TestQueueHoldsAKeyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, m := newInflight(false), &recording{}
		_, _, c := leading(t, nil, h, m)
		for i := range 10_000 {
			c.set("a", strconv.Itoa(i))
			synctest.Wait()
		}
		time.Sleep(time.Hour - time.Second) // resyncs as well
		require.Empty(t, h.take())
		close(h.release)
		synctest.Wait()
		require.Equal(t, []string{"a=0 59m59s", "a=9999 59m59s"}, h.take(), "the newest state, not each change")
		require.LessOrEqual(t, slices.Max(m.queued()), 1)
	})
}

// A resync may come before the last one is through.
func TestResyncsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const objects = 50
		c, j, m := newCluster(), &journal{}, &recording{}
		for i := range objects {
			c.set(strconv.Itoa(i), "0")
		}
		launch(t, &controller.Config{ConcurrentWorkers: 1, ResyncInterval: 7 * time.Second}, controller.HandlerFunc(func(_ context.Context, obj runtime.Object) error {
			time.Sleep(time.Second)
			return j.Handle(t.Context(), obj)
		}), c, nil, m)
		time.Sleep(10 * objects * time.Second)
		require.LessOrEqual(t, slices.Max(m.queued()), objects)
		calls := make(map[string]int)
		for _, s := range j.take() {
			calls[s]++
		}
		require.Len(t, calls, objects)
		for s, n := range calls {
			require.InDelta(t, 10, n, 2, "%s has its turn", s)
		}
	})
}

func TestChangesDoNotWaitForAFailingKey(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, &controller.Config{ConcurrentWorkers: 1, RetryBaseDelay: time.Minute}, controller.HandlerFunc(func(ctx context.Context, obj runtime.Object) error {
			_ = j.Handle(ctx, obj)
			if state(obj) == "sick=0" {
				return errSick
			}
			return nil
		}), c)
		c.set("sick", "0")
		synctest.Wait()
		c.set("a", "0")
		synctest.Wait()
		require.Equal(t, []string{"sick=0", "a=0"}, j.take())
		c.set("sick", "1")
		synctest.Wait()
		require.Equal(t, []string{"sick=1"}, j.take(), "a change does not wait for the retry")
	})
}

// Watches that end as soon as they begin are no reason to list without pause.
func TestWatchesThatEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster("a")
		launch(t, nil, &journal{}, fleeting{c}, nil, nil)
		time.Sleep(10 * time.Minute)
		lists, _ := c.requests()
		require.Less(t, lists, 130, "one in 5 s")
		require.Greater(t, lists, 5)
	})
}

type fleeting struct{ *cluster }

func (fleeting) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	w := watch.NewRaceFreeFake()
	w.Stop()
	return w, nil
}

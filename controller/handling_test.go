package controller_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

func TestHandlesWhatIsThereAndWhatChanges(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		r := m.start(t, nil, j, c)
		c.set("a", "1")
		c.set("b", "1")
		synctest.Wait()
		require.Equal(t, []string{"a=1", "b=1"}, j.takeSorted())
		c.set("a", "2")
		synctest.Wait()
		require.Equal(t, []string{"a=2"}, j.take())
		require.NoError(t, r.stop())
		c.set("a", "3")
		synctest.Wait()
		require.Empty(t, j.take())
	})
}

func TestPromotionHandlesAll(t *testing.T) {
	const objects = 10_000
	inEachMode(t, func(t *testing.T, m mode) {
		c := newCluster()
		for i := range objects {
			c.set(strconv.Itoa(i), "0")
		}
		var mu sync.Mutex
		seen := make(map[string]bool)
		m.start(t, &controller.Config{ConcurrentWorkers: 8}, controller.HandlerFunc(func(_ context.Context, obj runtime.Object) error {
			mu.Lock()
			defer mu.Unlock()
			seen[state(obj)] = true
			return nil
		}), c)
		require.Len(t, seen, objects)
		lists, _ := c.requests()
		require.Equal(t, 1, lists, "promotions list nothing")
	})
}

func TestStandbyIsWarmAndSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster("a"), &journal{}, newSwitchboard()
		launch(t, nil, j, c, s, nil)
		c.set("b", "1")
		c.set("a", "2")
		synctest.Wait()
		require.Empty(t, j.take(), "nothing is handled on standby")
		c.setFault(context.DeadlineExceeded) // it needs no API server for this
		s.grant()
		require.Equal(t, []string{"a=2", "b=1"}, j.takeSorted())
		s.end(leaderelection.ErrTaken)
		c.set("a", "3")
		synctest.Wait()
		require.Empty(t, j.take())
		s.grant()
		require.Equal(t, []string{"a=3", "b=1"}, j.takeSorted())
	})
}

func TestResync(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, &controller.Config{ResyncInterval: time.Minute}, j, c)
		c.set("a", "1")
		synctest.Wait()
		require.Equal(t, []string{"a=1"}, j.take())
		time.Sleep(time.Minute - time.Nanosecond)
		synctest.Wait()
		require.Empty(t, j.take())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, []string{"a=1"}, j.take())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"a=1", "a=1"}, j.take())
		lists, _ := c.requests()
		require.Equal(t, 1, lists, "a resync asks nobody")
	})
}

func TestDefaultResyncIsThreeMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a"), &journal{}
		launch(t, nil, j, c, nil, nil)
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		require.Len(t, j.take(), 4)
	})
}

func TestOneKeyOneWorker(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		const workers = 4
		c := newCluster()
		var mu sync.Mutex
		running, versions := make(map[string]int), make(map[string]int)
		most, overlaps, backwards := 0, 0, 0
		m.start(t, &controller.Config{ConcurrentWorkers: workers}, controller.HandlerFunc(func(_ context.Context, obj runtime.Object) error {
			o := obj.(*corev1.ConfigMap)
			version, err := strconv.Atoi(o.Data["v"])
			mu.Lock()
			running[o.Name]++
			most = max(most, len(running))
			overlaps += running[o.Name] - 1
			if version < versions[o.Name] {
				backwards++
			}
			versions[o.Name] = version
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			delete(running, o.Name)
			return err
		}), c)
		for i := range 50 {
			for k := range 8 {
				c.set(fmt.Sprint("o", k), strconv.Itoa(i))
			}
			time.Sleep(3 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, workers, most, "as many at a time as there are workers")
		require.Zero(t, overlaps)
		require.Zero(t, backwards)
		require.Len(t, versions, 8)
		for k, v := range versions {
			require.Equal(t, 49, v, k)
		}
	})
}

func TestHandlersOwnTheirObject(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c, j := newCluster(), &journal{}
		m.start(t, &controller.Config{ResyncInterval: time.Minute}, controller.HandlerFunc(func(_ context.Context, obj runtime.Object) error {
			j.note(state(obj))
			obj.(*corev1.ConfigMap).Data["v"] = "spoiled"
			return nil
		}), c)
		c.set("a", "1")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"a=1", "a=1"}, j.take())
	})
}

func TestHandlerContextCarriesTheTerm(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		c := newCluster()
		valid := false
		m.start(t, nil, controller.HandlerFunc(func(ctx context.Context, _ runtime.Object) error {
			term, ok := leaderelection.TermFromContext(ctx)
			valid = ok && term.Valid()
			return nil
		}), c)
		c.set("a", "1")
		synctest.Wait()
		require.True(t, valid)
	})
}

func TestHandlerOf(t *testing.T) {
	j := &journal{}
	h := controller.HandlerOf(func(_ context.Context, m *corev1.ConfigMap) error {
		j.note(m.Name)
		return nil
	})
	m := &corev1.ConfigMap{}
	m.Name = "a"
	require.NoError(t, h.Handle(t.Context(), m))
	require.Equal(t, []string{"a"}, j.take())
	err := h.Handle(t.Context(), &corev1.Secret{})
	require.ErrorContains(t, err, "*v1.ConfigMap")
	require.ErrorContains(t, err, "*v1.Secret")
	require.Empty(t, j.take())
}

func TestNothingIsHandledInATermThatIsInvalid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster(), &journal{}, newSwitchboard()
		r := launch(t, nil, j, c, s, nil)
		s.grant()
		s.invalidate() // as after a sleep of the machine, before the context hears of it
		c.set("a", "1")
		synctest.Wait()
		require.Empty(t, j.take())
		s.end(leaderelection.ErrDeadline)
		require.Empty(t, j.take())
		s.grant()
		require.Equal(t, []string{"a=1"}, j.take())
		require.NoError(t, r.stop())
	})
}

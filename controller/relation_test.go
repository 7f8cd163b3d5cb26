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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// owners names the config map that controls an object.
var owners = controller.OwnedBy(corev1.SchemeGroupVersion.WithKind("ConfigMap").GroupKind())

// relating is a Config whose resyncs are out of the way.
func relating(relations ...controller.Relation) controller.Config {
	return controller.Config{ResyncInterval: time.Hour, Relations: relations}
}

// owning is a Config of one relation, to the objects that parts has.
func owning(parts controller.Retriever) *controller.Config {
	cfg := relating(controller.Relation{Name: "parts", Retriever: parts, Keys: owners})
	return &cfg
}

// of makes an object one that a config map owns.
func of(owner string) func(*corev1.ConfigMap) {
	return func(o *corev1.ConfigMap) {
		o.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner, Controller: new(true)}}
	}
}

// settled does something and waits until everything rests.
func settled(do func()) {
	do()
	synctest.Wait()
}

func TestChangeOfAnOwnedObjectReconcilesItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j, s := newCluster("a", "b"), newCluster(), &journal{}, newSwitchboard()
		launch(t, owning(parts), both(j), c, s, nil)
		for range 3 { // terms
			s.grant()
			require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted())
			settled(func() { parts.change("part", of("a")) })
			require.Equal(t, []string{"a=0"}, j.take(), "added")
			settled(func() { parts.set("part", "1") })
			require.Equal(t, []string{"a=0"}, j.take(), "changed")
			settled(func() { parts.remove("part") })
			require.Equal(t, []string{"a=0"}, j.take(), "deleted")
			s.end(leaderelection.ErrTaken)
		}
	})
}

func TestChangeOfTheOwnerReconcilesBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a", "b", "c"), newCluster(), &journal{}
		parts.change("part", of("a"))
		launch(t, owning(parts), j, c, nil, nil)
		j.take()
		settled(func() { parts.change("part", of("b")) })
		require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted())
		settled(func() { parts.change("part", func(o *corev1.ConfigMap) { o.OwnerReferences = nil }) })
		require.Equal(t, []string{"b=0"}, j.take(), "given away")
		settled(func() { parts.set("part", "1") })
		require.Empty(t, j.take(), "nobody's")
		settled(func() { parts.change("part", of("c")) })
		require.Equal(t, []string{"c=0"}, j.take(), "adopted")
		settled(func() { parts.removeAs("part", of("a")) })
		require.Equal(t, []string{"a=0", "c=0"}, j.takeSorted(), "the final state names another")
	})
}

// A worker may be done with the owner before the second state is asked about.
func TestEachChangeQueuesAnOwnerOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a"), newCluster(), &journal{}
		cfg := relating(controller.Relation{Name: "parts", Retriever: parts, Keys: func(obj runtime.Object) []types.NamespacedName {
			time.Sleep(time.Second)
			return owners(obj)
		}})
		parts.change("part", of("a"))
		launch(t, &cfg, j, c, nil, nil)
		j.take()
		for _, do := range []func(){func() { parts.set("part", "1") }, func() { parts.remove("part") }} {
			do()
			time.Sleep(time.Minute)
			require.Equal(t, []string{"a=0"}, j.take())
		}
	})
}

// What happened between two lists is made up for by the second, and only that.
func TestRelistFindsWhatHappenedToOwnedObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a", "b", "c", "d", "e", "f"), newCluster(), &journal{}
		for _, owner := range []string{"a", "b", "c", "d"} {
			parts.change("of "+owner, of(owner))
		}
		launch(t, owning(parts), both(j), c, nil, nil)
		j.take()
		parts.setFault(errSick)
		parts.breakWatches(nil)
		parts.remove("of a")
		parts.set("of b", "1")
		parts.remove("of c") // and made anew
		parts.change("of c", of("e"))
		parts.change("new", of("f"))
		parts.compact()
		parts.setFault(nil)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=0", "b=0", "c=0", "e=0", "f=0"}, j.takeSorted())
		lists, _ := parts.requests()
		require.Equal(t, 2, lists)
	})
}

func TestStandbyIsSilentAboutOwnedObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j, s := newCluster("a", "b"), newCluster(), &journal{}, newSwitchboard()
		var asked sync.Map
		cfg := relating(controller.Relation{Name: "parts", Retriever: parts, Keys: func(obj runtime.Object) []types.NamespacedName {
			asked.Store(state(obj), true)
			return owners(obj)
		}})
		launch(t, &cfg, j, c, s, nil)
		for range 100 {
			parts.change("part", of("a"))
		}
		synctest.Wait()
		require.Empty(t, j.take())
		s.grant()
		require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted(), "the pass, and nothing else")
		s.end(leaderelection.ErrTaken)
		settled(func() { parts.remove("part") })
		require.Empty(t, j.take())
		asked.Range(func(key, _ any) bool { require.Fail(t, "asked on standby", key); return true })
		s.grant()
		require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted())
	})
}

// What is not there is neither handled nor deleted.
func TestUnknownOwnersAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a"), newCluster(), &journal{}
		h := controller.HandlerFuncs{OnHandle: j.Handle, OnDelete: func(_ context.Context, obj runtime.Object) error {
			j.note("gone " + state(obj))
			return errSick
		}}
		cfg := owning(parts)
		cfg.RetryBaseDelay = time.Minute
		launch(t, cfg, h, c, nil, nil)
		require.Equal(t, []string{"a=0"}, j.take())
		settled(func() { parts.change("part", of("b")) })
		require.Empty(t, j.take(), "not there yet")
		settled(func() { c.set("b", "0") })
		require.Equal(t, []string{"b=0"}, j.take())
		settled(func() { c.remove("b") })
		require.Equal(t, []string{"gone b=0"}, j.take())
		settled(func() { parts.set("part", "1") })
		require.Empty(t, j.take(), "the deletion is not tried again any sooner")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"gone b=0"}, j.take())
	})
}

func TestClusterScopedOwnersOfNamespacedObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a"), newCluster(), &journal{}
		c.change("a", func(o *corev1.ConfigMap) { o.Namespace = "" })
		cfg := relating(controller.Relation{
			Name: "parts", Retriever: parts, Keys: controller.OwnedByClusterScoped(schema.GroupKind{Kind: "ConfigMap"}),
		})
		launch(t, &cfg, j, c, nil, nil)
		j.take()
		settled(func() { parts.change("part", of("a")) })
		require.Equal(t, []string{"a=0"}, j.take())
	})
}

func TestOwnedBy(t *testing.T) {
	deployment := schema.GroupKind{Group: "apps", Kind: "Deployment"}
	here, clusterWide := types.NamespacedName{Namespace: "ns", Name: "o"}, types.NamespacedName{Name: "o"}
	for name, c := range map[string]struct {
		refs []metav1.OwnerReference
		owns bool
	}{
		"none":            {},
		"the controller":  {[]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "o", Controller: new(true)}}, true},
		"another version": {[]metav1.OwnerReference{{APIVersion: "apps/v1beta1", Kind: "Deployment", Name: "o", Controller: new(true)}}, true},
		"one of two": {[]metav1.OwnerReference{
			{APIVersion: "apps/v1", Kind: "Deployment", Name: "other"},
			{APIVersion: "apps/v1", Kind: "Deployment", Name: "o", Controller: new(true)},
		}, true},
		"no controller": {[]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "o"}}, false},
		"another group": {[]metav1.OwnerReference{{APIVersion: "extensions/v1", Kind: "Deployment", Name: "o", Controller: new(true)}}, false},
		"core group":    {[]metav1.OwnerReference{{APIVersion: "v1", Kind: "Deployment", Name: "o", Controller: new(true)}}, false},
		"another kind":  {[]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "o", Controller: new(true)}}, false},
		"odd version":   {[]metav1.OwnerReference{{APIVersion: "apps/v1/x", Kind: "Deployment", Name: "o", Controller: new(true)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			obj := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "part", OwnerReferences: c.refs}}
			var local, global []types.NamespacedName
			if c.owns {
				local, global = []types.NamespacedName{here}, []types.NamespacedName{clusterWide}
			}
			require.Equal(t, local, controller.OwnedBy(deployment)(obj))
			require.Equal(t, global, controller.OwnedByClusterScoped(deployment)(obj))
		})
	}
	require.Nil(t, controller.OwnedBy(deployment)(&metav1.Status{}), "no metadata")
}

func TestKeysThatPanicNameNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a"), newCluster(), &journal{}
		cfg := relating(controller.Relation{Name: "parts", Retriever: parts, Keys: func(obj runtime.Object) []types.NamespacedName {
			if state(obj) == "part=bad" {
				panic("what is this?")
			}
			return owners(obj)
		}})
		r := launch(t, &cfg, j, c, nil, nil)
		settled(func() { parts.change("part", of("a")) })
		j.take()
		settled(func() { parts.set("part", "bad") })
		require.Equal(t, []string{"a=0"}, j.take(), "the state before is fine")
		for _, text := range []string{"Keys panicked", `"relation":"parts"`, `"related":"ns/part"`, "what is this?", "relation_test.go"} {
			require.Contains(t, r.logs.String(), text)
		}
		settled(func() { parts.set("part", "worse") })
		settled(func() { parts.set("part", "bad") })
		settled(func() { parts.remove("part") })
		j.take()
		settled(func() { parts.change("part", of("a")) })
		require.Equal(t, []string{"a=0"}, j.take(), "it goes on")
		require.NoError(t, r.stop())
	})
}

// A key has one worker, however many relations queue it, and who queues it
// while it is handled has it handled again.
func TestRelationsAndOneWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster("a", "b")
		clusters := []*cluster{newCluster(), newCluster(), newCluster()}
		var relations []controller.Relation
		for i, parts := range clusters {
			relations = append(relations, controller.Relation{Name: fmt.Sprint("parts ", i), Retriever: parts, Keys: owners})
		}
		cfg := relating(relations...)
		cfg.ConcurrentWorkers = 4
		var mu sync.Mutex
		running, seen, overlaps := make(map[string]int), make(map[string]int), 0
		launch(t, &cfg, controller.HandlerFunc(func(_ context.Context, obj runtime.Object) error {
			name := obj.(*corev1.ConfigMap).Name
			mu.Lock()
			running[name]++
			overlaps += running[name] - 1
			seen[name]++
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			running[name]--
			return nil
		}), c, nil, nil)
		for i := range 100 {
			for _, parts := range clusters {
				parts.change("part", of("a"))
				parts.set("part", strconv.Itoa(i))
			}
			time.Sleep(3 * time.Millisecond)
		}
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		require.Zero(t, overlaps)
		require.Equal(t, 1, seen["b"], "nothing of it has changed")
		require.InDelta(t, 31, seen["a"], 2, "600 events in 300 ms, 10 ms for each call")
	})
}

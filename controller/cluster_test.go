package controller_test

import (
	"context"
	"slices"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// cluster is a Retriever from memory: config maps with versions, a history to
// watch, and faults.
type cluster struct {
	mu       sync.Mutex // guards the fields below
	version  int
	uids     int
	objects  map[string]*corev1.ConfigMap
	history  []change
	horizon  int // versions up to this one are compacted away
	watchers []*watch.RaceFreeFakeWatcher
	fault    error // what List and Watch return
	lists    int
	watches  int
}

type change struct {
	version int
	event   watch.Event
}

func newCluster(names ...string) *cluster {
	c := &cluster{version: 1, objects: make(map[string]*corev1.ConfigMap)} // 0 means any
	for _, name := range names {
		c.set(name, "0")
	}
	return c
}

func (c *cluster) List(context.Context, metav1.ListOptions) (runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists++
	if c.fault != nil {
		return nil, c.fault
	}
	list := &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(c.version)}}
	for _, o := range c.objects {
		list.Items = append(list.Items, *o.DeepCopy())
	}
	return list, nil
}

func (c *cluster) Watch(_ context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watches++
	if c.fault != nil {
		return nil, c.fault
	}
	from, err := strconv.Atoi(opts.ResourceVersion)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if from < c.horizon {
		return nil, apierrors.NewResourceExpired("too old resource version")
	}
	w := watch.NewRaceFreeFake()
	for _, h := range c.history {
		if h.version > from {
			w.Action(h.event.Type, h.event.Object.DeepCopyObject())
		}
	}
	c.watchers = append(c.watchers, w)
	return w, nil
}

func (c *cluster) emit(kind watch.EventType, o *corev1.ConfigMap) {
	c.history = append(c.history, change{c.version, watch.Event{Type: kind, Object: o.DeepCopy()}})
	for _, w := range c.watchers {
		w.Action(kind, o.DeepCopy())
	}
}

// set makes or changes an object.
func (c *cluster) set(name, value string) {
	c.change(name, func(o *corev1.ConfigMap) { o.Data = map[string]string{"v": value} })
}

// change makes or changes an object as f does.
func (c *cluster) change(name string, f func(*corev1.ConfigMap)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	o, ok := c.objects[name]
	kind := watch.Modified
	if !ok {
		kind = watch.Added
		c.uids++
		o = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: name, UID: types.UID(strconv.Itoa(c.uids)),
		}}
	}
	o = o.DeepCopy()
	o.ResourceVersion = strconv.Itoa(c.version)
	f(o)
	c.objects[name] = o
	c.emit(kind, o)
}

func (c *cluster) remove(name string) { c.removeAs(name, func(*corev1.ConfigMap) {}) }

// removeAs removes an object whose final state is as f makes it.
func (c *cluster) removeAs(name string, f func(*corev1.ConfigMap)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	o := c.objects[name].DeepCopy()
	o.ResourceVersion = strconv.Itoa(c.version)
	f(o)
	delete(c.objects, name)
	c.emit(watch.Deleted, o)
}

// breakWatches ends all watches, as a restarting API server does, or with an
// event.
func (c *cluster) breakWatches(event runtime.Object) {
	c.mu.Lock()
	watchers := c.watchers
	c.watchers = nil
	c.mu.Unlock()
	for _, w := range watchers {
		if event != nil {
			w.Error(event)
		} else {
			w.Stop()
		}
	}
}

// compact forgets the history: who watches from an old version gets a 410.
func (c *cluster) compact() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.horizon, c.history = c.version+1, nil
	c.version++
}

func (c *cluster) setFault(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = err
}

func (c *cluster) requests() (lists, watches int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists, c.watches
}

// journal is what handlers noted.
type journal struct {
	mu      sync.Mutex // guards the fields below
	entries []string
}

func (j *journal) note(entry string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
}

// take returns the entries since the last call.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.entries
	j.entries = nil
	return e
}

func (j *journal) takeSorted() []string {
	e := j.take()
	slices.Sort(e)
	return e
}

// Handle makes the journal a Handler that always succeeds.
func (j *journal) Handle(_ context.Context, obj runtime.Object) error {
	j.note(state(obj))
	return nil
}

// state is an object's name and value.
func state(obj runtime.Object) string {
	o := obj.(*corev1.ConfigMap)
	return o.Name + "=" + o.Data["v"]
}

package controller

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
)

// listener is told of the changes to a store, in order, with its lock held.
type listener interface {
	// changed: obj is the state of the key, and old was before it; nil, if
	// there was no such object.
	changed(key string, old, obj runtime.Object)
	// deleted: an object is gone. last is its final state, and old was known
	// before; nil, if that is the same. The key may have another object
	// already: changed follows.
	deleted(key string, old, last runtime.Object)
}

// store keeps the newest known state of all objects, which a reflector brings.
type store struct {
	synced chan struct{} // closed by the first Replace

	mu        sync.Mutex // guards the fields below, and orders the events
	objects   map[string]runtime.Object
	listeners []listener
}

var _ cache.ReflectorStore = (*store)(nil)

func newStore() *store { return &store{synced: make(chan struct{})} }

// attach tells l of each event from now on.
func (s *store) attach(l listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l)
}

func (s *store) detach(l listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = slices.DeleteFunc(s.listeners, func(o listener) bool { return o == l })
}

// get returns the object of a key, which must not be changed, or nil.
func (s *store) get(key string) runtime.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[key]
}

func (s *store) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keysLocked()
}

func (s *store) keysLocked() []string {
	return slices.AppendSeq(make([]string, 0, len(s.objects)), maps.Keys(s.objects))
}

// Add implements cache.ReflectorStore: a watch event.
func (s *store) Add(obj any) error { return s.Update(obj) }

// Update implements cache.ReflectorStore: a watch event.
func (s *store) Update(obj any) error {
	key, o, err := keyed(obj)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects = make(map[string]runtime.Object)
	}
	old := s.objects[key]
	s.objects[key] = o
	s.tell(key, old, o)
	return nil
}

// Delete implements cache.ReflectorStore: a watch event, with the final state.
func (s *store) Delete(obj any) error {
	key, last, err := keyed(obj)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.objects[key]
	if !ok {
		return nil
	}
	delete(s.objects, key)
	if remade(old, last) {
		old, last = nil, old
	}
	s.tellDeleted(key, old, last)
	return nil
}

// Replace implements cache.ReflectorStore: a whole list. What it lacks was
// deleted unseen, and what it has in the known version is no change.
func (s *store) Replace(list []any, _ string) error {
	objects := make(map[string]runtime.Object, len(list))
	for _, obj := range list {
		key, o, err := keyed(obj)
		if err != nil {
			return err
		}
		objects[key] = o
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.objects
	s.objects = objects
	for key, old := range before {
		if _, ok := objects[key]; !ok {
			s.tellDeleted(key, nil, old)
		}
	}
	for key, o := range objects {
		if old := before[key]; old == nil || !sameVersion(old, o) {
			s.tell(key, old, o)
		}
	}
	select {
	case <-s.synced:
	default:
		close(s.synced)
	}
	return nil
}

// Resync implements cache.ReflectorStore. Terms have a clock of their own.
func (s *store) Resync() error { return nil }

// tell tells the listeners that a key's object was old, or none, and is now
// obj. s.mu is held.
func (s *store) tell(key string, old, obj runtime.Object) {
	if old != nil && remade(old, obj) {
		s.tellDeleted(key, nil, old)
		old = nil
	}
	for _, l := range s.listeners {
		l.changed(key, old, obj)
	}
}

// tellDeleted tells the listeners that a key's object is gone. s.mu is held.
func (s *store) tellDeleted(key string, old, last runtime.Object) {
	for _, l := range s.listeners {
		l.deleted(key, old, last)
	}
}

// keyed returns an object and its key, namespace/name.
func keyed(obj any) (string, runtime.Object, error) {
	o, ok := obj.(runtime.Object)
	if !ok {
		return "", nil, fmt.Errorf("controller: %T is no runtime.Object", obj)
	}
	key, err := cache.MetaNamespaceKeyFunc(o)
	return key, o, err
}

// remade reports whether two states with one key are of different objects.
func remade(a, b runtime.Object) bool { return metadata(a).GetUID() != metadata(b).GetUID() }

func sameVersion(a, b runtime.Object) bool {
	v := metadata(a).GetResourceVersion()
	return v != "" && v == metadata(b).GetResourceVersion() && !remade(a, b)
}

// metadata is that of an object which keyed has let in.
func metadata(o runtime.Object) metav1.Object {
	m, err := meta.Accessor(o)
	if err != nil {
		return &metav1.ObjectMeta{}
	}
	return m
}

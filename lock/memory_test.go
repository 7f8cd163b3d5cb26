package lock_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/lock"
)

// memory is one object, as an API server keeps it: unlike client-go's fake it
// compares what it is told to compare.
type memory[T object[T]] struct {
	resource schema.GroupResource
	fresh    func() T

	mu       sync.Mutex // guards the fields below
	exists   bool
	stored   T
	revision int
	uids     int
	err      error // is answered to everything
	options  metav1.ListOptions
	events   *watch.FakeWatcher
}

type object[T any] interface {
	metav1.Object
	runtime.Object
	DeepCopy() T
}

func (m *memory[T]) Get(context.Context, string, metav1.GetOptions) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none T
	switch {
	case m.err != nil:
		return none, m.err
	case !m.exists:
		return none, apierrors.NewNotFound(m.resource, "lock")
	}
	return m.stored.DeepCopy(), nil
}

func (m *memory[T]) Create(_ context.Context, made T, _ metav1.CreateOptions) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none T
	switch {
	case m.err != nil:
		return none, m.err
	case m.exists:
		return none, apierrors.NewAlreadyExists(m.resource, "lock")
	}
	m.uids++
	return m.put(made), nil
}

func (m *memory[T]) Update(_ context.Context, next T, _ metav1.UpdateOptions) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none T
	switch {
	case m.err != nil:
		return none, m.err
	case !m.exists:
		return none, apierrors.NewNotFound(m.resource, "lock")
	case next.GetUID() != m.stored.GetUID() || next.GetResourceVersion() != m.stored.GetResourceVersion():
		return none, apierrors.NewConflict(m.resource, "lock", errors.New("compared"))
	}
	return m.put(next), nil
}

// put stores what is given. m.mu is held.
func (m *memory[T]) put(next T) T {
	m.revision++
	m.exists, m.stored = true, next.DeepCopy()
	m.stored.SetResourceVersion(strconv.Itoa(m.revision))
	m.stored.SetUID(types.UID("uid-" + strconv.Itoa(m.uids)))
	return m.stored.DeepCopy()
}

func (m *memory[T]) Watch(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.options = options
	if m.err != nil {
		return nil, m.err
	}
	m.events = watch.NewFake()
	return m.events, nil
}

// edit changes what is stored behind the lock's back.
func (m *memory[T]) edit(edit func(T)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.exists {
		m.stored = m.fresh()
		m.uids++
	}
	edit(m.stored)
	m.put(m.stored)
}

// fail answers err to everything from now on.
func (m *memory[T]) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

var leaseResource = coordinationv1.Resource("leases")

// What the typed clients have beside that is not called.
type (
	otherOfLeases struct {
		coordinationclient.LeaseInterface
	}
	otherOfConfigMaps struct {
		corev1client.ConfigMapInterface
	}
)

// leases is the API server's Leases, of which there is one.
type leases struct {
	otherOfLeases
	*memory[*coordinationv1.Lease]
}

func (l leases) Leases(string) coordinationclient.LeaseInterface { return l }

func newLeases() leases {
	return leases{memory: &memory[*coordinationv1.Lease]{
		resource: leaseResource, fresh: func() *coordinationv1.Lease { return new(coordinationv1.Lease) },
	}}
}

// configMaps is likewise.
type configMaps struct {
	otherOfConfigMaps
	*memory[*corev1.ConfigMap]
}

func (c configMaps) ConfigMaps(string) corev1client.ConfigMapInterface { return c }

func newConfigMaps() configMaps {
	return configMaps{memory: &memory[*corev1.ConfigMap]{
		resource: corev1.Resource("configmaps"), fresh: func() *corev1.ConfigMap { return new(corev1.ConfigMap) },
	}}
}

// newLock returns a Lease in memory.
func newLock(t testing.TB) (*lock.Lease, leases) {
	t.Helper()
	m := newLeases()
	l, err := lock.NewLease(lock.LeaseConfig{Client: m, Namespace: "default", Name: "lock", Identity: "me"})
	require.NoError(t, err)
	return l, m
}

// read returns what l holds.
func read(t testing.TB, l lock.Lock) lock.Snapshot {
	t.Helper()
	s, err := l.Read(t.Context())
	require.NoError(t, err)
	return s
}

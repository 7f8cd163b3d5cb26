package lock_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/regent-ha/regent/lock"
)

// memory is one Lease, as an API server keeps it: unlike client-go's fake it
// compares what it is told to compare.
type memory struct {
	coordinationclient.LeaseInterface // what is not below is not called

	mu       sync.Mutex // guards the fields below
	lease    *coordinationv1.Lease
	revision int
	err      error // is answered to everything
	options  metav1.ListOptions
	events   *watch.FakeWatcher
}

func (m *memory) Leases(string) coordinationclient.LeaseInterface { return m }

var leases = coordinationv1.Resource("leases")

func (m *memory) Get(context.Context, string, metav1.GetOptions) (*coordinationv1.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.err != nil:
		return nil, m.err
	case m.lease == nil:
		return nil, apierrors.NewNotFound(leases, "lock")
	}
	return m.lease.DeepCopy(), nil
}

func (m *memory) Create(_ context.Context, lease *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.err != nil:
		return nil, m.err
	case m.lease != nil:
		return nil, apierrors.NewAlreadyExists(leases, "lock")
	}
	return m.put(lease), nil
}

func (m *memory) Update(_ context.Context, lease *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.err != nil:
		return nil, m.err
	case m.lease == nil:
		return nil, apierrors.NewNotFound(leases, "lock")
	case lease.UID != m.lease.UID || lease.ResourceVersion != m.lease.ResourceVersion:
		return nil, apierrors.NewConflict(leases, "lock", errors.New("compared"))
	}
	return m.put(lease), nil
}

func (m *memory) put(lease *coordinationv1.Lease) *coordinationv1.Lease {
	m.revision++
	m.lease = lease.DeepCopy()
	m.lease.ResourceVersion = strconv.Itoa(m.revision)
	m.lease.UID = types.UID("uid")
	return m.lease.DeepCopy()
}

func (m *memory) Watch(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
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
func (m *memory) edit(edit func(*coordinationv1.Lease)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lease == nil {
		m.lease = new(coordinationv1.Lease)
	}
	edit(m.lease)
	m.put(m.lease)
}

// fail answers err to everything from now on.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// newLock returns a Lease in memory.
func newLock(t testing.TB) (*lock.Lease, *memory) {
	t.Helper()
	m := new(memory)
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

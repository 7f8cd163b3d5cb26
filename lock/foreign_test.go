package lock_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// record is one of client-go's.
func record(holder string) resourcelock.LeaderElectionRecord {
	return resourcelock.LeaderElectionRecord{HolderIdentity: holder, LeaseDurationSeconds: 15, LeaderTransitions: 3}
}

// newForeign returns client-go's own lock on a Lease in memory.
func newForeign(t *testing.T) (lock.Lock, leases) {
	t.Helper()
	m := newLeases()
	rl := &resourcelock.LeaseLock{Client: m}
	rl.LeaseMeta.Namespace, rl.LeaseMeta.Name = "default", "lock"
	rl.LockConfig.Identity = "me"
	f, err := lock.FromResourceLock(rl)
	require.NoError(t, err)
	return f, m
}

func TestFromResourceLock(t *testing.T) {
	f, m := newForeign(t)
	require.Equal(t, "lock default/lock", f.String())
	_, err := f.Read(t.Context())
	require.ErrorIs(t, err, lock.ErrNotFound)

	want := locktest.Sample("a", "a-1")
	first, err := f.Insert(t.Context(), want)
	require.NoError(t, err)
	_, err = f.Insert(t.Context(), want)
	require.ErrorIs(t, err, lock.ErrConflict)
	got := read(t, f)
	require.Equal(t, first.Version, got.Version)
	require.Equal(t, "a", got.Holder)
	require.Equal(t, 15*time.Second, got.Duration)
	require.Equal(t, int32(7), got.Transitions)
	require.Equal(t, uint64(7), got.Token, "counts with the transitions")
	require.True(t, want.Renewed.Truncate(time.Second).Equal(got.Renewed))
	require.False(t, got.Sealed)

	second, err := f.Swap(t.Context(), got, locktest.Sample("b", "b-1"))
	require.NoError(t, err)
	require.Equal(t, "b", *m.stored.Spec.HolderIdentity)
	_, err = f.Swap(t.Context(), first, locktest.Sample("c", "c-1"))
	require.ErrorIs(t, err, lock.ErrConflict)

	same := locktest.Sample("thief", "")
	published, err := f.Swap(t.Context(), second, same) // its nonce is what was read: none
	require.NoError(t, err)
	require.Equal(t, second.Version, published.Version, "there is no place for candidates")
	require.Equal(t, "b", *m.stored.Spec.HolderIdentity)

	_, err = f.Watch(t.Context(), second.Version)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestFromResourceLockRelease(t *testing.T) {
	f, _ := newForeign(t)
	first, err := f.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	at := time.Now()
	_, err = f.Swap(t.Context(), first, lock.Record{Duration: time.Second, Acquired: at, Renewed: at, Transitions: 7, Nonce: "a-2"})
	require.NoError(t, err)
	require.True(t, read(t, f).Released(), "in client-go's form")
}

func TestFromResourceLockOfNil(t *testing.T) {
	_, err := lock.FromResourceLock(nil)
	require.ErrorContains(t, err, "FromResourceLock of nil; mend: pass a resourcelock.Interface")
}

// stuck is a resourcelock.Interface whose Get does not return.
type stuck struct {
	resourcelock.Interface
	entered, leave chan struct{}
}

func (*stuck) Describe() string { return "stuck" }

func (s *stuck) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	close(s.entered)
	<-s.leave
	return new(resourcelock.LeaderElectionRecord), nil, nil
}

func TestFromResourceLockWaitsItsTurnNoLongerThanItsContext(t *testing.T) {
	s := &stuck{entered: make(chan struct{}), leave: make(chan struct{})}
	f, err := lock.FromResourceLock(s)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := f.Read(context.Background())
		done <- err
	}()
	<-s.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "get lock stuck: ")
	close(s.leave)
	require.NoError(t, <-done)
}

// What client-go's locks remember between two calls is not for two goroutines.
func TestFromResourceLockServesOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &counting{leave: make(chan struct{})}
		f, err := lock.FromResourceLock(s)
		require.NoError(t, err)
		for range 3 {
			go func() { _, _ = f.Read(context.Background()) }() // counted below
		}
		for served := int32(1); served <= 3; served++ {
			synctest.Wait()
			require.Equal(t, served, s.entered.Load())
			s.leave <- struct{}{}
		}
	})
}

// counting is a resourcelock.Interface that counts its Gets, which wait.
type counting struct {
	resourcelock.Interface
	entered atomic.Int32
	leave   chan struct{}
}

func (*counting) Describe() string { return "counting" }

func (s *counting) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	s.entered.Add(1)
	<-s.leave
	return new(resourcelock.LeaderElectionRecord), nil, nil
}

package locktest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

func TestConformance(t *testing.T) {
	locktest.Conformance(t, func(*testing.T) locktest.Subject {
		store := locktest.NewStore()
		return locktest.Subject{
			Client: func() lock.Lock { return store.Client("lock") },
			Delete: func() { store.Delete("lock") },
			Edit:   func(holder string) { store.Edit("lock", func(r *lock.Record) { r.Holder = holder }) },
			Forget: func() {
				for range 1001 {
					store.Edit("lock", func(*lock.Record) {})
				}
			},
		}
	})
}

func TestVersionsRiseOverAllLocks(t *testing.T) {
	store := locktest.NewStore()
	a, err := store.Client("a").Insert(t.Context(), lock.Record{})
	require.NoError(t, err)
	b, err := store.Client("b").Insert(t.Context(), lock.Record{})
	require.NoError(t, err)
	require.Equal(t, a.Revision()+1, b.Revision())
	require.Equal(t, b.Revision(), store.Revision())
	require.NotEqual(t, a.UID, b.UID)
	store.Delete("a")
	require.Equal(t, b.Revision()+1, store.Revision(), "a deletion has a version too")
	store.Delete("a")
	require.Equal(t, b.Revision()+1, store.Revision(), "of what exists")
}

func TestEditCreates(t *testing.T) {
	store := locktest.NewStore()
	_, exists := store.Get("lock")
	require.False(t, exists)
	store.Edit("lock", func(r *lock.Record) { r.Holder = "kubectl" })
	s, exists := store.Get("lock")
	require.True(t, exists)
	require.Equal(t, "kubectl", s.Holder)
	require.False(t, s.Sealed)
	require.NotEmpty(t, s.UID)
	store.Delete("lock")
	store.Edit("lock", func(r *lock.Record) { require.Empty(t, r.Holder, "nothing stays of a deleted lock") })
}

func TestSetBackEndsWatchesAndRevisions(t *testing.T) {
	store := locktest.NewStore()
	client := store.Client("lock")
	first, err := client.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	second, err := client.Swap(t.Context(), first, locktest.Sample("b", "b-1"))
	require.NoError(t, err)
	events, err := client.Watch(t.Context(), second.Version)
	require.NoError(t, err)
	store.SetBack("lock", first)
	_, ok := <-events
	require.False(t, ok)
	s, err := client.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a", s.Holder)
	require.Equal(t, first.Revision(), store.Revision())
	_, err = client.Swap(t.Context(), second, locktest.Sample("b", "b-2"))
	require.ErrorIs(t, err, lock.ErrConflict)
	_, err = client.Watch(t.Context(), second.Version)
	require.ErrorIs(t, err, lock.ErrExpired, "a version that is not there yet")
}

func TestSnapshotsAreTheCallers(t *testing.T) {
	store := locktest.NewStore()
	client := store.Client("lock")
	record := locktest.Sample("a", "a-1")
	s, err := client.Insert(t.Context(), record)
	require.NoError(t, err)
	record.Candidates[0].Identity = "changed"
	s.Candidates[0].Identity = "changed"
	read, err := client.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "first", read.Candidates[0].Identity)
}

func TestTimesAreStoredInMicroseconds(t *testing.T) {
	store := locktest.NewStore()
	at := time.Date(2026, 1, 2, 3, 4, 5, 123_456_789, time.UTC)
	s, err := store.Client("lock").Insert(t.Context(), lock.Record{Acquired: at, Renewed: at})
	require.NoError(t, err)
	require.Equal(t, 123_456_000, s.Renewed.Nanosecond())
	require.Equal(t, 123_456_000, s.Acquired.Nanosecond())
}

package locktest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock"
)

// patience is how long a real store may take.
const patience = 20 * time.Second

// next returns the next event that is no bookmark; false: the watch has ended.
func next(t *testing.T, events <-chan lock.Event) (lock.Event, bool) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case ev, ok := <-events:
			if !ok || !ev.Bookmark {
				return ev, ok
			}
		case <-late:
			require.FailNow(t, "the watch says nothing")
		}
	}
}

// reaches returns the event that want has made: the next one, unless the lock
// has steps.
func (s Subject) reaches(t *testing.T, events <-chan lock.Event, want func(lock.Event) bool) lock.Event {
	t.Helper()
	for {
		ev, ok := next(t, events)
		require.True(t, ok)
		require.NoError(t, ev.Err)
		if !s.Steps || want(ev) {
			return ev
		}
	}
}

func ofVersion(version string) func(lock.Event) bool {
	return func(ev lock.Event) bool { return ev.Snapshot.Version == version }
}

func isDeleted(ev lock.Event) bool { return ev.Deleted }

func watches(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	second, err := l.Swap(t.Context(), first, Sample("a", "a-2"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, err := s.Client().Watch(ctx, first.Version)
	require.NoError(t, err)
	want := []lock.Snapshot{second}
	for i := range 5 {
		snapshot, err := l.Swap(t.Context(), want[len(want)-1], Sample("a", fmt.Sprintf("a-%d", i+3)))
		require.NoError(t, err)
		want = append(want, snapshot)
	}
	if s.Steps {
		want = want[len(want)-1:] // those before it may be seen together
	}
	for _, w := range want {
		ev := s.reaches(t, events, ofVersion(w.Version))
		require.False(t, ev.Deleted)
		require.Equal(t, w.Version, ev.Snapshot.Version)
		require.Equal(t, w.UID, ev.Snapshot.UID)
		requireRecord(t, Sample("a", w.Nonce), ev.Snapshot.Record)
	}
	last := want[len(want)-1]
	theirs, err := l.Swap(t.Context(), last, Sample("b", "b-1"))
	require.NoError(t, err)
	ev := s.reaches(t, events, ofVersion(theirs.Version))
	after, err := s.Client().Swap(t.Context(), ev.Snapshot, Sample("c", "c-1"))
	require.NoError(t, err, "a watch's snapshot is one to swap")
	require.Equal(t, "c", after.Holder)
}

func watchesFromNow(t *testing.T, s Subject) {
	l := s.Client()
	early, err := l.Watch(t.Context(), "")
	require.NoError(t, err, "a lock that is missing can be watched")
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	late, err := l.Watch(t.Context(), "")
	require.NoError(t, err)
	for _, events := range []<-chan lock.Event{early, late} {
		ev := s.reaches(t, events, ofVersion(first.Version))
		require.Equal(t, first.Version, ev.Snapshot.Version)
	}
}

func watchesDeletion(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	events, err := l.Watch(t.Context(), first.Version)
	require.NoError(t, err)
	s.Delete()
	ev := s.reaches(t, events, isDeleted)
	require.True(t, ev.Deleted)
	if !s.Steps {
		require.Equal(t, first.UID, ev.Snapshot.UID)
		require.Equal(t, "a", ev.Snapshot.Holder, "a deletion shows the last record")
	}
	require.Greater(t, ev.Snapshot.Revision(), first.Revision(), "and has a version of its own")
	anew, err := l.Insert(t.Context(), Sample("b", "b-1"))
	require.NoError(t, err)
	ev = s.reaches(t, events, ofVersion(anew.Version))
	require.Equal(t, anew.Version, ev.Snapshot.Version)
	require.Equal(t, anew.UID, ev.Snapshot.UID)
}

func watchEnds(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	events, err := l.Watch(ctx, first.Version)
	require.NoError(t, err)
	// One nobody reads must not stay behind either.
	_, err = l.Swap(t.Context(), first, Sample("b", "b-1"))
	require.NoError(t, err)
	cancel()
	for range events { // until it is closed
	}
}

func watchExpires(t *testing.T, s Subject) {
	if s.Forget == nil {
		return
	}
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	_, err = l.Swap(t.Context(), first, Sample("b", "b-1"))
	require.NoError(t, err)
	s.Forget()
	events, err := l.Watch(t.Context(), first.Version)
	if err == nil { // the answer may be the first event
		ev, ok := next(t, events)
		require.True(t, ok)
		err = ev.Err
		_, ok = next(t, events)
		require.False(t, ok, "an error comes last")
	}
	require.ErrorIs(t, err, lock.ErrExpired)
}

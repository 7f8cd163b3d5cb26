package locktest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock"
)

// Subject is one lock that does not exist yet, for [Conformance].
type Subject struct {
	// Client returns another process's way to the lock. Required.
	Client func() lock.Lock
	// Delete removes the lock, as an operator would. Required.
	Delete func()
	// Edit changes the lock's holder by hand, or as another client would.
	// Required.
	Edit func(holder string)
	// Steps: a change may show as several, one after another, as that of two
	// objects does.
	Steps bool
	// Forget makes the store forget its history, so that a watch from an early
	// version is answered with lock.ErrExpired. Without it that is not tested.
	Forget func()
}

// Conformance tests that a lock does what lock.Lock says. newSubject is called
// once for each test.
func Conformance(t *testing.T, newSubject func(t *testing.T) Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"a lock that is missing":                missing,
		"insert stores the record":              inserts,
		"insert never overwrites":               insertsOnce,
		"swap replaces what was read":           swaps,
		"swap over an old version is refused":   swapsCurrentOnly,
		"of two swaps one succeeds":             swapsExclusively,
		"swap does not re-create":               swapsWhatExists,
		"swap of a re-created lock is refused":  swapsTheSame,
		"the same nonce changes candidates":     publishes,
		"an edit breaks the seal":               edits,
		"a release is told from an emptied one": releases,
		"watch brings each change in order":     watches,
		"watch without a version":               watchesFromNow,
		"watch tells of a deletion":             watchesDeletion,
		"watch ends with its context":           watchEnds,
		"watch from a forgotten version":        watchExpires,
		"a context that has ended":              cancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, newSubject(t)) })
	}
}

// Sample is a record with all fields set, such as holder would write it.
func Sample(holder, nonce string) lock.Record {
	at := time.Date(2026, 7, 21, 12, 30, 15, 123_456_000, time.UTC)
	return lock.Record{
		Holder: holder, Duration: 15 * time.Second, Acquired: at, Renewed: at.Add(time.Minute), Transitions: 7, Token: 1<<63 + 5,
		Nonce: nonce, Candidates: []lock.Candidate{{Identity: "first", Since: at}, {Identity: "second", Pod: "pod-2", Since: at.Add(time.Second)}},
	}
}

// requireRecord requires that got is want as a Regent stored it.
func requireRecord(t *testing.T, want, got lock.Record) {
	t.Helper()
	require.NoError(t, got.Problem)
	require.True(t, got.Sealed)
	want.Sealed, want.SealedTransitions = true, want.Transitions
	require.True(t, want.Acquired.Equal(got.Acquired), "acquired %v, want %v", got.Acquired, want.Acquired)
	require.True(t, want.Renewed.Equal(got.Renewed), "renewed %v, want %v", got.Renewed, want.Renewed)
	got.Acquired, got.Renewed = want.Acquired, want.Renewed
	require.Equal(t, want, got)
}

func missing(t *testing.T, s Subject) {
	l := s.Client()
	require.NotEmpty(t, l.String())
	_, err := l.Read(t.Context())
	require.ErrorIs(t, err, lock.ErrNotFound)
}

func inserts(t *testing.T, s Subject) {
	l := s.Client()
	want := Sample("a", "a-1")
	written, err := l.Insert(t.Context(), want)
	require.NoError(t, err)
	requireRecord(t, want, written.Record)
	require.NotEmpty(t, written.UID)
	require.Positive(t, written.Revision())
	read, err := s.Client().Read(t.Context())
	require.NoError(t, err)
	requireRecord(t, want, read.Record)
	require.Equal(t, written.UID, read.UID)
	require.Equal(t, written.Version, read.Version)
}

func insertsOnce(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	_, err = l.Insert(t.Context(), Sample("b", "b-1"))
	require.ErrorIs(t, err, lock.ErrConflict)
	require.True(t, lock.Refused(err))
	requireUnchanged(t, l, first)
}

func requireUnchanged(t *testing.T, l lock.Lock, want lock.Snapshot) {
	t.Helper()
	got, err := l.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, want.Version, got.Version)
	require.Equal(t, want.Holder, got.Holder)
	require.Equal(t, want.Nonce, got.Nonce)
}

func swaps(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	want := Sample("b", "b-1")
	want.Transitions, want.Token, want.Duration = 8, 12, 60*time.Second
	want.Candidates = want.Candidates[:1]
	second, err := s.Client().Swap(t.Context(), first, want)
	require.NoError(t, err)
	requireRecord(t, want, second.Record)
	require.Equal(t, first.UID, second.UID)
	require.Greater(t, second.Revision(), first.Revision())
	want.Candidates, want.Nonce = nil, "b-2"
	third, err := l.Swap(t.Context(), second, want)
	require.NoError(t, err)
	requireRecord(t, want, third.Record)
	require.Greater(t, third.Revision(), second.Revision())
}

func swapsCurrentOnly(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	second, err := l.Swap(t.Context(), first, Sample("b", "b-1"))
	require.NoError(t, err)
	_, err = l.Swap(t.Context(), first, Sample("c", "c-1"))
	require.ErrorIs(t, err, lock.ErrConflict)
	require.True(t, lock.Refused(err))
	requireUnchanged(t, l, second)
	same := first.Record
	same.Candidates = nil
	_, err = l.Swap(t.Context(), first, same)
	require.ErrorIs(t, err, lock.ErrConflict, "also when only candidates would change")
}

func swapsExclusively(t *testing.T, s Subject) {
	first, err := s.Client().Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	const writers = 8
	errs := make(chan error, writers)
	for i := range writers {
		go func() {
			_, err := s.Client().Swap(t.Context(), first, Sample(string(rune('b'+i)), string(rune('b'+i))+"-1"))
			errs <- err
		}()
	}
	won := 0
	for range writers {
		if err := <-errs; err == nil {
			won++
		} else {
			require.ErrorIs(t, err, lock.ErrConflict)
		}
	}
	require.Equal(t, 1, won)
}

func swapsWhatExists(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	s.Delete()
	_, err = l.Swap(t.Context(), first, Sample("a", "a-2"))
	require.Error(t, err)
	require.True(t, lock.Refused(err), err)
	_, err = l.Read(t.Context())
	require.ErrorIs(t, err, lock.ErrNotFound, "the swap has created the lock anew")
}

func swapsTheSame(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	s.Delete()
	anew, err := l.Insert(t.Context(), Sample("b", "b-1"))
	require.NoError(t, err)
	require.NotEqual(t, first.UID, anew.UID)
	require.Greater(t, anew.Revision(), first.Revision(), "versions rise over deletions")
	for _, old := range []lock.Snapshot{first, stale(first, anew)} {
		_, err = l.Swap(t.Context(), old, Sample("a", "a-2"))
		require.ErrorIs(t, err, lock.ErrConflict)
		requireUnchanged(t, l, anew)
	}
}

// stale is the snapshot of a deleted lock, as it would be if versions
// repeated: where the store keeps them beside the record, it is old as it is.
func stale(old, anew lock.Snapshot) lock.Snapshot {
	old.Version = anew.Version
	return old
}

func publishes(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	r := Sample("thief", "a-1")
	r.Duration, r.Token, r.Transitions, r.Successor = time.Second, 1, 99, "thief"
	r.Candidates = []lock.Candidate{{Identity: "third", Since: r.Acquired}}
	second, err := l.Swap(t.Context(), first, r)
	require.NoError(t, err)
	want := Sample("a", "a-1")
	want.Candidates = r.Candidates
	requireRecord(t, want, second.Record)
	require.Greater(t, second.Revision(), first.Revision())
	requireUnchanged(t, l, second)
}

func edits(t *testing.T, s Subject) {
	l := s.Client()
	_, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	s.Edit("hand")
	edited, err := l.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "hand", edited.Holder)
	require.False(t, edited.Sealed)
	require.Equal(t, Sample("", "").Token, edited.Token, "the token stays")
	mended := Sample("a", "a-2")
	again, err := l.Swap(t.Context(), edited, mended)
	require.NoError(t, err)
	requireRecord(t, mended, again.Record)
}

func releases(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	s.Edit("")
	emptied, err := l.Read(t.Context())
	require.NoError(t, err)
	require.False(t, emptied.Released())
	r := Sample("", "a-2")
	r.Duration, r.Successor, r.Acquired = time.Second, "second", time.Time{}
	released, err := l.Swap(t.Context(), emptied, r)
	require.NoError(t, err)
	requireRecord(t, r, released.Record)
	require.True(t, released.Released())
	require.Equal(t, first.UID, released.UID)
}

func cancelled(t *testing.T, s Subject) {
	l := s.Client()
	first, err := l.Insert(t.Context(), Sample("a", "a-1"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = l.Insert(ctx, Sample("b", "b-1"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = l.Swap(ctx, first, Sample("b", "b-1"))
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, lock.Refused(err), "it is not known whether a cancelled request was made")
	_, err = l.Watch(ctx, first.Version)
	require.ErrorIs(t, err, context.Canceled)
}

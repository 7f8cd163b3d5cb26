package core_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// What takes the model too long to find, or happens to stores that it has not.

// script is a core that is fed by hand.
type script struct {
	*core.Core
	t   *testing.T
	now core.Time
}

func newScript(t *testing.T) *script {
	s := &script{core.New(core.Config{
		Identity: "a", Nonce: "a", Lease: 15 * time.Second, Renew: 10 * time.Second, Retry: 2 * time.Second,
		First: 5 * time.Second, AllowForeign: true, Grace: 10 * time.Second,
	}), t, time.Hour}
	s.step(core.Campaign{})
	return s
}

func (s *script) step(e core.Event) []core.Action { return s.Step(s.now, e) }

// wait lets time pass, without answers, and returns what the core does then.
func (s *script) wait(d time.Duration) []core.Action {
	s.now += d
	return s.step(core.Tick{})
}

// noWrite feeds the core what it must not answer with a write.
func (s *script) noWrite(e core.Event) {
	s.t.Helper()
	for _, a := range s.step(e) {
		require.NotContains(s.t, fmt.Sprintf("%T", a), "Write")
	}
}

// only returns the one action of a kind.
func only[A core.Action](t *testing.T, actions []core.Action) (found A) {
	t.Helper()
	n := 0
	for _, a := range actions {
		if a, ok := a.(A); ok {
			found, n = a, n+1
		}
	}
	require.Equal(t, 1, n, "%T in %+v", found, actions)
	return found
}

// stored is a snapshot as a store returns it.
func stored(uid string, version uint64, r lock.Record) lock.Snapshot {
	return lock.Snapshot{UID: uid, Version: fmt.Sprint(version), Record: r}
}

// released is what a Regent leaves in a lock.
func released(token uint64) lock.Record {
	return lock.Record{Duration: time.Second, Token: token, Nonce: "z-9", Sealed: true}
}

// held is another's record.
func held(by string, token uint64) lock.Record {
	return lock.Record{Holder: by, Duration: 15 * time.Second, Token: token, Nonce: by + "-1", Sealed: true}
}

// answer is the store's to a write.
func answer(w core.Write, uid string, version uint64) core.WriteReply {
	r := w.Record
	r.Sealed = true
	return core.WriteReply{ID: w.ID, Snapshot: stored(uid, version, r)}
}

// lead makes the core a leader with version 11 of lock u.
func (s *script) lead() core.Watch {
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
	watch := only[core.Watch](s.t, out)
	only[core.StartTerm](s.t, s.step(answer(only[core.Write](s.t, out), "u", 11)))
	return watch
}

func TestTokenExceedsTheRecords(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(100))}) // etcd was restored
	require.EqualValues(t, 101, only[core.Write](t, out).Record.Token)
}

func TestTokenExceedsThoseOfLocksThatAreGone(t *testing.T) {
	s := newScript(t)
	s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 1000, held("b", 900))})
	s.wait(17 * time.Second) // the watch says nothing: a read
	for id := range uint64(20) {
		s.step(core.ReadReply{ID: id, Err: lock.ErrNotFound}) // restored, from before the lock was made
	}
	insert := only[core.Write](t, s.wait(15*time.Second))
	require.Nil(t, insert.Old)
	acquire := only[core.Write](t, s.step(answer(insert, "v", 1001)))
	require.EqualValues(t, 1002, acquire.Record.Token)

	s = newScript(t)
	s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 900))})
	s.wait(17 * time.Second)
	for id := range uint64(20) {
		s.step(core.ReadReply{ID: id, Err: lock.ErrNotFound})
	}
	acquire = only[core.Write](t, s.step(answer(only[core.Write](t, s.wait(15*time.Second)), "v", 12)))
	require.EqualValues(t, 901, acquire.Record.Token)
}

// A client can repeat a request by itself, and report the conflict with its own
// first attempt.
func TestConflictWithItself(t *testing.T) {
	s := newScript(t)
	acquire := only[core.Write](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))}))
	read := only[core.Read](t, s.step(core.WriteReply{ID: acquire.ID, Err: lock.ErrConflict}))
	out := s.step(core.ReadReply{ID: read.ID, Snapshot: answer(acquire, "u", 11).Snapshot})
	require.Equal(t, acquire.Record.Token, only[core.StartTerm](t, out).Token)
}

// A read says that the lock is gone. What was committed to it before is late.
func TestLateReplyDoesNotBringALockBack(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
	acquire, watch := only[core.Write](t, out), only[core.Watch](t, out)
	s.step(core.WatchEnded{ID: watch.ID, Err: errors.New("connection reset")})
	read := only[core.Read](t, s.wait(2*time.Second))
	s.step(core.ReadReply{ID: read.ID, Err: lock.ErrNotFound})
	for _, a := range s.step(answer(acquire, "u", 11)) {
		require.NotContains(t, fmt.Sprintf("%T", a), "StartTerm")
	}
}

// One holder's lock was deleted long ago. Since then another held it, which was
// not seen, and it was emptied, which was; it is deleted then.
func TestEmptiedUnderAThirdThenDeleted(t *testing.T) {
	s := newScript(t)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 7))}))
	gone := stored("u", 11, held("b", 7))
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: gone, Deleted: true}})
	insert := only[core.Write](t, s.wait(15*time.Second))
	emptied := stored("v", 30, held("", 21))
	emptied.Sealed = false
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: emptied}})
	s.step(core.WriteReply{ID: insert.ID, Err: lock.ErrConflict})
	gone = emptied
	gone.Version = "31"
	for _, a := range s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: gone, Deleted: true}}) {
		require.NotContains(t, fmt.Sprintf("%T", a), "Write")
	}
	require.Nil(t, only[core.Write](t, s.wait(25*time.Second)).Old)
}

// The lock of a leader was made anew by another client, which then gave it up.
// It leaves no token.
func TestLockMadeAnewByAnotherClient(t *testing.T) {
	s := newScript(t)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 7))}))
	s.step(core.WatchEnded{ID: watch.ID, Err: errors.New("connection reset")})
	read := only[core.Read](t, s.wait(2*time.Second))
	at := time.Unix(1_000_000_000, 0)
	gone := lock.Record{Duration: time.Second, Acquired: at, Renewed: at, Transitions: 1}
	require.True(t, gone.Released())
	s.noWrite(core.ReadReply{ID: read.ID, Snapshot: stored("v", 20, gone)})
	only[core.Write](t, s.wait(15*time.Second))
}

// A hand shortens the duration under a leader.
func TestShortenedDuration(t *testing.T) {
	s := newScript(t)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 7))}))
	edited := stored("u", 11, held("b", 7))
	edited.Sealed, edited.Duration = false, time.Second
	s.noWrite(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: edited}})
	for range 24 {
		for _, a := range s.wait(time.Second) {
			require.NotContains(t, fmt.Sprintf("%T", a), "Write")
			if read, ok := a.(core.Read); ok { // the watch is silent
				s.noWrite(core.ReadReply{ID: read.ID, Snapshot: edited})
			}
		}
	}
	only[core.Write](t, s.wait(2*time.Second))
}

// A leader's lock was deleted; a restored backup brings back its own record.
func TestRestoredOwnRecordAfterADeletion(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
	watch, own := only[core.Watch](t, out), answer(only[core.Write](t, out), "u", 11)
	s.step(own)
	gone := own.Snapshot
	gone.Version = "20"
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: gone, Deleted: true}})
	s.step(core.WatchEnded{ID: watch.ID, Err: errors.New("connection reset")})
	s.wait(12 * time.Second)
	read := only[core.Read](t, s.wait(4*time.Second))
	s.step(core.WorkReturned{})
	s.noWrite(core.ReadReply{ID: read.ID, Snapshot: own.Snapshot})
	only[core.Write](t, s.wait(15*time.Second))
}

// etcd is restored from a backup that was made while this candidate led. Others
// have led since.
func TestRestoredOwnRecord(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
	watch, own := only[core.Watch](t, out), answer(only[core.Write](t, out), "u", 11)
	s.step(own)
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 20, held("b", 15))}})
	s.step(core.WorkReturned{})
	s.step(core.WatchEnded{ID: watch.ID, Err: errors.New("connection reset")})
	read := only[core.Read](t, s.wait(2*time.Second))
	for _, a := range s.step(core.ReadReply{ID: read.ID, Snapshot: own.Snapshot}) {
		require.NotContains(t, fmt.Sprintf("%T", a), "Write")
	}
	only[core.Write](t, s.wait(15*time.Second))
}

// Between two looks a lock was made anew, and its new holder then gives it up. The
// holder before may not have known of either.
func TestLockMadeAnewUnseen(t *testing.T) {
	s := newScript(t)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 7))}))
	s.step(core.WatchEnded{ID: watch.ID, Err: errors.New("connection reset")})
	read := only[core.Read](t, s.wait(2*time.Second))
	watch = only[core.Watch](t, s.step(core.ReadReply{ID: read.ID, Snapshot: stored("v", 20, held("z", 15))}))
	out := s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("v", 21, released(15))}})
	require.Equal(t, core.NoteHolder, only[core.Note](t, out).Kind)
	require.Len(t, out, 1)
	only[core.Write](t, s.wait(15*time.Second))
}

func TestWriteToALockThatIsGoneIsFollowedByARead(t *testing.T) {
	s := newScript(t)
	s.lead()
	renew := only[core.Write](t, s.wait(5*time.Second))
	read := only[core.Read](t, s.step(core.WriteReply{ID: renew.ID, Err: lock.ErrNotFound}))
	out := s.step(core.ReadReply{ID: read.ID, Err: lock.ErrNotFound})
	require.Equal(t, core.CauseDeleted, only[core.EndTerm](t, out).Cause)
}

func TestWatchThatBrokeIsStartedAgain(t *testing.T) {
	s := newScript(t)
	watch := s.lead()
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 11, lock.Record{}), Bookmark: true}})
	s.now += 4 * time.Second
	out := s.step(core.WatchEnded{ID: watch.ID})
	require.Equal(t, "11", only[core.Watch](t, out).Version)
}

func TestWatchThatLagsIsReplaced(t *testing.T) {
	s := newScript(t)
	watch := s.lead() // which has not shown version 11
	again := only[core.Watch](t, s.wait(2*time.Second))
	require.NotEqual(t, watch.ID, again.ID)
	require.Equal(t, "11", again.Version)
	out := s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 12, held("b", 12))}})
	require.Empty(t, out, "it is heard no more")
}

// The answer to a read can be older than what the watch has brought since.
func TestAnswerThatIsOvertaken(t *testing.T) {
	s := newScript(t)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Err: lock.ErrNotFound}))
	read := only[core.Read](t, s.step(core.WatchEnded{ID: watch.ID, Err: lock.ErrExpired}))
	s.wait(time.Millisecond)
	again := only[core.Read](t, s.wait(2*time.Second))
	s.step(core.ReadReply{ID: again.ID, Snapshot: stored("u", 20, held("b", 20))})
	s.step(core.ReadReply{ID: read.ID, Err: lock.ErrNotFound})
	require.Equal(t, "b", s.Status().Snapshot.Holder)
}

// etcd can be restored from a backup: then what is stored is older than what
// was known, and true.
func TestLockThatWasRestored(t *testing.T) {
	s := newScript(t)
	s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 1000, held("b", 900))})
	read := only[core.Read](t, s.wait(17*time.Second)) // the watch says nothing
	s.step(core.ReadReply{ID: read.ID, Snapshot: stored("u", 5, held("c", 4))})
	require.Equal(t, "c", s.Status().Snapshot.Holder)
}

// An event that is older than a deletion tells of a lock that is gone.
func TestEventFromBeforeADeletion(t *testing.T) {
	s := newScript(t)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 9))}))
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 12, held("b", 9)), Deleted: true}})
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 11, held("b", 9))}})
	require.Empty(t, s.Status().Snapshot.Holder)
}

// The watchdog of the shell does the same, but is not waited for.
func TestCoreEndsATermAtItsDeadline(t *testing.T) {
	s := newScript(t)
	s.lead()
	s.now += 10*time.Second - 1
	require.Equal(t, core.Leading, s.Phase())
	require.LessOrEqual(t, s.Wake(), s.now+1)
	require.Equal(t, core.CauseDeadline, only[core.EndTerm](t, s.wait(1)).Cause)
}

// An acquire that is heard of so late that hardly a moment is left starts no
// term: the next one does.
func TestAcquireThatIsHeardOfLate(t *testing.T) {
	for after, starts := range map[time.Duration]bool{7 * time.Second: true, 8 * time.Second: false, 11 * time.Second: false} {
		s := newScript(t)
		out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
		s.now += after
		started := 0
		for _, a := range s.step(answer(only[core.Write](t, out), "u", 11)) {
			if _, ok := a.(core.StartTerm); ok {
				started++
			}
		}
		require.Equal(t, starts, started == 1, after)
	}
}

func TestRetryAfter(t *testing.T) {
	busy := func(seconds int) error { return apierrors.NewTooManyRequests("busy", seconds) }
	s := newScript(t)
	s.lead()
	renew := only[core.Write](t, s.wait(5*time.Second))
	s.step(core.WriteReply{ID: renew.ID, Err: busy(3)})
	require.Empty(t, s.wait(3*time.Second-1))
	renew = only[core.Write](t, s.wait(1))
	s.step(core.WriteReply{ID: renew.ID, Err: busy(3600)})
	require.LessOrEqual(t, s.Wake(), time.Hour+10*time.Second, "at the deadline at the latest")

	s = newScript(t)
	s.lead()
	renew = only[core.Write](t, s.wait(5*time.Second))
	s.step(core.WriteReply{ID: renew.ID, Err: busy(3600)})
	only[core.Write](t, s.wait(3*time.Second)) // one chance more before the deadline
}

package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// dead is the claim of a process that is gone.
var dead = core.Claim{Identity: "z", Nonce: "z", UID: "u", After: 2}

// left is a record that it left.
func left(token uint64) lock.Record {
	return lock.Record{Holder: "z", Duration: 15 * time.Second, Token: token, Nonce: "z-9", Sealed: true}
}

// successor is a core on a state directory with claims.
func successor(t *testing.T, gone ...core.Claim) *script {
	s := &script{core.New(core.Config{
		Identity: "a", Nonce: "a", Lease: 15 * time.Second, Renew: 10 * time.Second, Retry: 2 * time.Second,
		First: 5 * time.Second, AllowForeign: true, Grace: 10 * time.Second, Claims: true,
	}), t, time.Hour}
	s.step(core.Campaign{Gone: append([]core.Claim{}, gone...)})
	return s
}

// some returns the actions of a kind.
func some[A core.Action](actions []core.Action) (found []A) {
	for _, a := range actions {
		if a, ok := a.(A); ok {
			found = append(found, a)
		}
	}
	return found
}

// acquires returns what is written when the core sees a snapshot first.
func acquires(t *testing.T, seen lock.Snapshot, gone ...core.Claim) []core.Write {
	t.Helper()
	return some[core.Write](successor(t, gone...).step(core.ReadReply{ID: 1, Snapshot: seen}))
}

func TestWhatAProcessLeftIsTakenAtOnce(t *testing.T) {
	writes := acquires(t, stored("u", 10, left(7)), dead)
	require.Len(t, writes, 1)
	require.Equal(t, core.WriteAcquire, writes[0].Kind)
	require.Equal(t, "10", writes[0].Old.Version)
	require.EqualValues(t, 11, writes[0].Record.Token)
	require.EqualValues(t, 71, acquires(t, stored("u", 10, left(70)), dead)[0].Record.Token)
	older := core.Claim{Identity: "y", Nonce: "y", UID: "u"}
	require.Len(t, acquires(t, stored("u", 10, left(7)), dead, older), 1, "the process between died before it could lead")
}

// TestClaimsCoverNothingElse: all these records are waited for.
func TestClaimsCoverNothingElse(t *testing.T) {
	for name, change := range map[string]func(*lock.Snapshot){
		"nothing known":             nil,
		"another process":           func(s *lock.Snapshot) { s.Nonce = "y-9" },
		"a nonce that begins alike": func(s *lock.Snapshot) { s.Nonce = "zz-9" },
		"a number and more":         func(s *lock.Snapshot) { s.Nonce = "z-9|z-8" },
		"a number in other digits":  func(s *lock.Snapshot) { s.Nonce = "z-09" },
		"a sign":                    func(s *lock.Snapshot) { s.Nonce = "z-+9" },
		"no number":                 func(s *lock.Snapshot) { s.Nonce = "z-" },
		"no nonce":                  func(s *lock.Snapshot) { s.Nonce = "" },
		"a write that is void":      func(s *lock.Snapshot) { s.Nonce = "z-2" },
		"another identity":          func(s *lock.Snapshot) { s.Holder = "y" },
		"edited by hand":            func(s *lock.Snapshot) { s.Sealed = false },
		"another lock":              func(s *lock.Snapshot) { s.UID = "v" },
		"no UID":                    func(s *lock.Snapshot) { s.UID = "" },
		"one half of two locks":     func(s *lock.Snapshot) { s.Joint = true },
		"two locks":                 func(s *lock.Snapshot) { s.Version = "10.0" },
	} {
		t.Run(name, func(t *testing.T) {
			seen, gone := stored("u", 10, left(7)), []core.Claim{dead}
			if change == nil {
				gone = nil
			} else {
				change(&seen)
			}
			require.Empty(t, acquires(t, seen, gone...))
		})
	}
	require.Empty(t, acquires(t, stored("", 10, left(7)), core.Claim{Identity: "z", Nonce: "z"}), "a store without UIDs")
}

// A renewal of the dead process commits after its successor has read: the
// acquire fails, and the renewal is recognised as well.
func TestLateWriteOfTheDeadProcess(t *testing.T) {
	s := successor(t, dead)
	acquire := only[core.Write](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, left(7))}))
	read := only[core.Read](t, s.step(core.WriteReply{ID: acquire.ID, Err: lock.ErrConflict}))
	late := left(7)
	late.Nonce = "z-10"
	again := only[core.Write](t, s.step(core.ReadReply{ID: read.ID, Snapshot: stored("u", 11, late)}))
	require.Equal(t, core.WriteAcquire, again.Kind)
	require.Equal(t, "11", again.Old.Version)
	require.EqualValues(t, 12, again.Record.Token)
	only[core.StartTerm](t, s.step(answer(again, "u", 12)))
}

// An acquire of the dead process commits late, in a lock that its successor saw
// free.
func TestLateAcquireOfTheDeadProcess(t *testing.T) {
	s := successor(t, dead)
	acquire := only[core.Write](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))}))
	read := only[core.Read](t, s.step(core.WriteReply{ID: acquire.ID, Err: lock.ErrConflict}))
	again := only[core.Write](t, s.step(core.ReadReply{ID: read.ID, Snapshot: stored("u", 11, left(11))}))
	require.Equal(t, "11", again.Old.Version)
}

// TestClaimsEndWithAnotherHolder: a backup that is restored with its revisions
// bumped shows an old record as the newest.
func TestClaimsEndWithAnotherHolder(t *testing.T) {
	s := successor(t, dead)
	watch := only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, held("b", 9))}))
	s.noWrite(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 1000, left(7))}})

	s = successor(t, dead) // also once it has led itself
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, left(7))})
	watch = only[core.Watch](t, out)
	s.step(answer(only[core.Write](t, out), "u", 11))
	only[core.EndTerm](t, s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 1000, left(7))}}))
	s.noWrite(core.WorkReturned{})

	s = successor(t, dead) // or has seen a later version, of whatever
	watch = only[core.Watch](t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))}))
	read := only[core.Read](t, s.step(core.WatchEnded{ID: watch.ID, Err: lock.ErrExpired}))
	s.noWrite(core.ReadReply{ID: read.ID, Snapshot: stored("u", 9, left(7))})

	s = successor(t, dead) // or a later write of the same process
	ninth := left(7)
	out = s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, ninth)})
	keep := some[core.Keep](out)
	require.EqualValues(t, 8, keep[len(keep)-1].Claims[0].After)
}

// keeps returns the claim on itself that the core leaves last.
func keeps(t *testing.T, actions []core.Action) core.Claim {
	t.Helper()
	all := some[core.Keep](actions)
	require.NotEmpty(t, all)
	claims := all[len(all)-1].Claims
	return claims[len(claims)-1]
}

// TestWhatACoreLeaves: its claim comes before the first write, once for each
// lock, and what is known to be lost is void.
func TestWhatACoreLeaves(t *testing.T) {
	s := successor(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
	require.Equal(t, core.Claim{Identity: "a", Nonce: "a", UID: "u"}, keeps(t, out))
	before := false
	for _, a := range out {
		switch a.(type) {
		case core.Keep:
			before = true
		case core.Write:
			require.True(t, before, "the claim comes first")
		}
	}
	acquire := only[core.Write](t, out)
	require.Empty(t, some[core.Keep](s.step(answer(acquire, "u", 11))), "once")
	out = s.wait(5 * time.Second) // the watch, which has said nothing, begins anew
	renew, watch := only[core.Write](t, out), only[core.Watch](t, out)
	require.Empty(t, some[core.Keep](s.step(answer(renew, "u", 12))), "once")

	taken := s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 13, held("b", 13))}})
	void := keeps(t, taken)
	require.GreaterOrEqual(t, void.After, renew.ID)
	_, ok := void.Covers(stored("u", 1000, renewed(renew)))
	require.False(t, ok, "a restore that shows it again")

	s.step(core.WorkReturned{})
	out = s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 14, released(13))}})
	second := only[core.Write](t, out)
	_, ok = void.Covers(stored("u", 15, renewed(second)))
	require.True(t, ok, "a later term needs no other claim")
	out = s.step(answer(second, "u", 15))
	require.Empty(t, some[core.Keep](out))

	s.step(core.Withdraw{Cause: core.CauseShutdown})
	release := only[core.Write](t, s.step(core.WorkReturned{}))
	require.GreaterOrEqual(t, keeps(t, s.step(answer(release, "u", 16))).After, second.ID, "released")

	again := keeps(t, s.step(core.Campaign{Gone: []core.Claim{dead}})) // the directory was given up meanwhile
	require.GreaterOrEqual(t, again.After, second.ID, "said again, since another has written there")

	require.Empty(t, some[core.Keep](newScript(t).step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})), "without a directory")
}

// renewed is the record of a write, as it is stored.
func renewed(w core.Write) lock.Record {
	r := w.Record
	r.Sealed = true
	return r
}

func TestAnotherLockOfTheSameNameIsAnotherClaim(t *testing.T) {
	s := successor(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, released(3))})
	watch := only[core.Watch](t, out)
	s.step(answer(only[core.Write](t, out), "u", 11))
	s.step(core.WatchEvent{ID: watch.ID, Event: lock.Event{Deleted: true, Snapshot: stored("u", 12, lock.Record{})}})
	insert := only[core.Write](t, s.step(core.WorkReturned{}))
	require.Equal(t, core.WriteInsert, insert.Kind)
	out = s.step(answer(insert, "v", 13))
	require.Equal(t, "v", keeps(t, out).UID)
	require.Equal(t, core.WriteAcquire, only[core.Write](t, out).Kind)
}

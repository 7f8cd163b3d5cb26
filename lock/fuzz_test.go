package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/regent-ha/regent/lock"
)

// FuzzRead reads a Lease that anybody may have written.
func FuzzRead(f *testing.F) {
	f.Add("7", `{"format":1,"nonce":"n","transitions":3,"seal":"0"}`, `[{"identity":"a"}]`, "a", int32(15), int32(3))
	f.Add("seven", `{"format":2}`, `{`, "", int32(1), int32(-1))
	f.Add("0", "0", "0", "", int32(-33), int32(-1)) // a duration that rounding must leave alone
	f.Fuzz(func(t *testing.T, token, write, candidates, holder string, duration, transitions int32) {
		l, m := newLock(t)
		m.edit(func(l *coordinationv1.Lease) {
			l.Annotations = map[string]string{lock.TokenAnnotation: token, lock.WriteAnnotation: write, lock.CandidatesAnnotation: candidates}
			l.Spec = coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &duration, LeaseTransitions: &transitions}
		})
		got := read(t, l)
		require.Equal(t, holder, got.Holder)
		if got.Problem != nil {
			var problem *lock.RecordError
			require.ErrorAs(t, got.Problem, &problem)
			require.NotEmpty(t, problem.Mend)
			require.False(t, got.Sealed)
			require.False(t, got.Released())
		}
		if got.Released() {
			require.Empty(t, holder)
		}
		// Whatever it was, a Regent can replace it, and read that.
		next := got.Record
		next.Holder, next.Nonce, next.Token = "regent", got.Nonce+"x", max(got.Token, 1)
		_, err := l.Swap(t.Context(), got, next)
		require.NoError(t, err)
		require.True(t, read(t, l).Sealed)
	})
}

// FuzzRecord writes any record, and reads it back.
func FuzzRecord(f *testing.F) {
	f.Add("a", "a-1", "b", "pod", uint64(7), int32(3), uint8(15))
	f.Add("", "\xff\x00", "\u2028\"", "", uint64(1<<63), int32(-1), uint8(0))
	f.Fuzz(func(t *testing.T, holder, nonce, successor, pod string, token uint64, transitions int32, seconds uint8) {
		l, m := newLock(t)
		want := lock.Record{
			Holder: holder, Nonce: nonce, Successor: successor, Token: token, Transitions: transitions,
			Duration: time.Duration(seconds) * time.Second, Candidates: []lock.Candidate{{Identity: holder, Pod: pod}},
		}
		s, err := l.Insert(t.Context(), want)
		require.NoError(t, err)
		require.Equal(t, holder, s.Holder)
		require.Equal(t, s, read(t, l))
		if token == 1<<64-1 {
			require.Error(t, s.Problem)
			return
		}
		require.NoError(t, s.Problem)
		require.Equal(t, token, s.Token)
		require.Equal(t, want.Duration, s.Duration)
		if s.Nonce == nonce && s.Successor == successor { // JSON keeps what is UTF-8
			require.True(t, s.Sealed)
		}
		m.edit(func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr(holder + "x") })
		require.False(t, read(t, l).Sealed)
	})
}

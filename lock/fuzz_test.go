package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/lock"
)

// FuzzRead reads a Lease that anybody may have written.
func FuzzRead(f *testing.F) {
	f.Add("7", `{"format":1,"nonce":"n","transitions":3,"seal":"0"}`, `[{"identity":"a"}]`, "a", int32(15), int32(3), int64(1), int64(2))
	f.Add("seven", `{"format":2}`, `{`, "", int32(1), int32(-1), int64(0), int64(0))
	f.Add("0", "0", "0", "", int32(-33), int32(-1), int64(0), int64(0)) // a duration that rounding must leave alone
	f.Add("", "", "", "", int32(1), int32(3), int64(9), int64(9))       // as client-go releases
	f.Add("18446744073709551615", `{"format":1,"transitions":3}`, `[{"since":"9999-12-31T23:59:59-23:59"}]`, "", int32(1), int32(3), int64(9), int64(9))
	f.Fuzz(func(t *testing.T, token, write, candidates, holder string, duration, transitions int32, acquired, renewed int64) {
		l, m := newLock(t)
		since, until := storedTime(acquired), storedTime(renewed)
		annotations := map[string]string{}
		for k, v := range map[string]string{lock.TokenAnnotation: token, lock.WriteAnnotation: write, lock.CandidatesAnnotation: candidates} {
			if v != "" {
				annotations[k] = v
			}
		}
		m.edit(func(l *coordinationv1.Lease) {
			l.Annotations = annotations
			l.Spec = coordinationv1.LeaseSpec{
				HolderIdentity: &holder, LeaseDurationSeconds: &duration, LeaseTransitions: &transitions,
				AcquireTime: since, RenewTime: until,
			}
		})
		got := read(t, l)
		require.Equal(t, holder, got.Holder)
		require.LessOrEqual(t, got.Token, uint64(1<<64-1-1<<32), "there is always a higher one")
		if got.Problem != nil {
			var problem *lock.RecordError
			require.ErrorAs(t, got.Problem, &problem)
			require.NotEmpty(t, problem.Mend)
			require.False(t, got.Sealed)
		}
		clientGos := duration == 1 && until != nil && until.Equal(since) && (got.SealedTransitions == 0 || transitions > got.SealedTransitions)
		require.Equal(t, holder == "" && got.Problem == nil && (got.Sealed || clientGos), got.Released())
		// Whatever it was, a Regent can replace it, and read that.
		next := got.Record
		next.Holder, next.Nonce, next.Token = "regent", got.Nonce+"x", max(got.Token, 1)
		_, err := l.Swap(t.Context(), got, next)
		require.NoError(t, err)
		again := read(t, l)
		require.True(t, again.Sealed)
		require.LessOrEqual(t, len(again.Candidates), lock.MaxCandidates)
	})
}

// storedTime is one that a Lease can hold: none, or a microsecond of the years
// from 5 to 3934.
func storedTime(n int64) *metav1.MicroTime {
	if n == 0 {
		return nil
	}
	return ptr(metav1.NewMicroTime(time.UnixMicro(n % 62e15)))
}

// FuzzRecord writes any record, and reads it back.
func FuzzRecord(f *testing.F) {
	f.Add("a", "a-1", "b", "pod", uint64(7), int32(3), int64(15e9), int64(5), uint8(1))
	f.Add("", "\xff\x00", "\u2028\"", "", uint64(1<<63), int32(-1), int64(0), int64(0), uint8(0))
	f.Add("", "a-2", "b", "pod", uint64(1<<64-1), int32(1<<31-1), int64(-1<<63), int64(-1), uint8(200)) // a release
	f.Fuzz(func(t *testing.T, holder, nonce, successor, pod string, token uint64, transitions int32, duration, renewed int64, candidates uint8) {
		l, m := newLock(t)
		want := lock.Record{
			Holder: holder, Nonce: nonce, Successor: successor, Token: token, Transitions: transitions, Duration: time.Duration(duration),
		}
		if at := storedTime(renewed); at != nil {
			want.Renewed = at.Add(time.Duration(token % 1000)) // is cut to microseconds
		}
		for range candidates {
			want.Candidates = append(want.Candidates, lock.Candidate{Identity: holder, Pod: pod, Since: want.Renewed})
		}
		s, err := l.Insert(t.Context(), want)
		require.NoError(t, err)
		require.Equal(t, s, read(t, l))
		require.Equal(t, holder, s.Holder)
		require.Equal(t, transitions, s.Transitions)
		require.Len(t, s.Candidates, min(len(want.Candidates), lock.MaxCandidates))
		require.True(t, want.Renewed.Truncate(time.Microsecond).Equal(s.Renewed))
		require.Zero(t, s.Duration%time.Second)
		if want.Duration <= 1<<31*time.Second-time.Second && want.Duration >= -1<<31*time.Second {
			require.GreaterOrEqual(t, s.Duration, want.Duration, "rounded up")
			require.Less(t, s.Duration-want.Duration, time.Second)
		}
		if token > 1<<64-1-1<<32 { // none is left
			require.Error(t, s.Problem)
			require.False(t, s.Released())
			return
		}
		require.NoError(t, s.Problem)
		require.Equal(t, token, s.Token)
		if s.Nonce == nonce && s.Successor == successor { // JSON keeps what is UTF-8
			require.True(t, s.Sealed)
			require.Equal(t, holder == "", s.Released())
		}
		m.edit(func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr(holder + "x") })
		require.False(t, read(t, l).Sealed)
	})
}

package lock_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

func TestCorruptAnnotations(t *testing.T) {
	for name, tc := range map[string]struct {
		field, value string
		says, mend   string
		newer        bool
	}{
		"token is no number":      {lock.TokenAnnotation, "seven", "invalid syntax", "numbers on from the resourceVersion", false},
		"token is negative":       {lock.TokenAnnotation, "-7", "invalid syntax", "remove the annotation", false},
		"token is empty":          {lock.TokenAnnotation, "", "invalid syntax", "remove the annotation", false},
		"token is too large":      {lock.TokenAnnotation, "18446744073709551616", "out of range", "remove the annotation", false},
		"token is the last":       {lock.TokenAnnotation, "18446744073709551615", "no higher token is left", "remove the annotation", false},
		"write is no JSON":        {lock.WriteAnnotation, "{", "unexpected end", "remove the annotation", false},
		"write is empty":          {lock.WriteAnnotation, "", "unexpected end", "remove the annotation", false},
		"write is of other types": {lock.WriteAnnotation, `{"format":"one"}`, "cannot unmarshal", "remove the annotation", false},
		"write is a newer one's":  {lock.WriteAnnotation, `{"format":2,"nonce":"n"}`, "format 2, this one knows 1", "upgrade this program", true},
	} {
		t.Run(name, func(t *testing.T) {
			l, m := newLock(t)
			_, err := l.Insert(t.Context(), locktest.Sample("a", "a-1"))
			require.NoError(t, err)
			m.edit(func(l *coordinationv1.Lease) { l.Annotations[tc.field] = tc.value })
			got := read(t, l)
			var problem *lock.RecordError
			require.ErrorAs(t, got.Problem, &problem)
			require.Equal(t, "lease default/lock", problem.Lock)
			require.Equal(t, tc.field, problem.Field)
			require.Equal(t, tc.value, problem.Value)
			require.ErrorContains(t, problem, tc.says)
			require.Contains(t, problem.Mend, tc.mend)
			for _, part := range []string{problem.Lock, tc.field, fmt.Sprintf("%q", tc.value), "mend: " + problem.Mend} {
				require.ErrorContains(t, problem, part)
			}
			require.Equal(t, tc.newer, isNewer(problem))
			require.False(t, got.Sealed)
			require.False(t, got.Released())
			require.Equal(t, "a", got.Holder, "what can be read is there")

			mended, err := l.Swap(t.Context(), got, locktest.Sample("b", "b-1"))
			require.NoError(t, err)
			require.NoError(t, mended.Problem, "a write mends it")
			require.True(t, mended.Sealed)
		})
	}
}

func isNewer(err error) bool { return errors.Is(err, lock.ErrNewerRecord) }

func TestCorruptCandidatesAreWrittenAnew(t *testing.T) {
	l, m := newLock(t)
	_, err := l.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	m.edit(func(l *coordinationv1.Lease) { l.Annotations[lock.CandidatesAnnotation] = "no list" })
	got := read(t, l)
	require.NoError(t, got.Problem)
	require.True(t, got.Sealed)
	require.Empty(t, got.Candidates)
}

func TestMaxCandidates(t *testing.T) {
	l, m := newLock(t)
	r := locktest.Sample("a", "a-1")
	r.Candidates = nil
	for i := range lock.MaxCandidates + 3 {
		r.Candidates = append(r.Candidates, lock.Candidate{Identity: strconv.Itoa(i)})
	}
	s, err := l.Insert(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, s.Candidates, lock.MaxCandidates)
	require.Equal(t, "3", s.Candidates[0].Identity, "the oldest give way")
	r.Candidates = append(r.Candidates, lock.Candidate{Identity: "last"})
	s, err = l.Swap(t.Context(), s, r)
	require.NoError(t, err)
	require.Len(t, s.Candidates, lock.MaxCandidates, "also when they alone change")
	require.Equal(t, "last", s.Candidates[lock.MaxCandidates-1].Identity)
	r.Candidates = nil
	_, err = l.Swap(t.Context(), s, r)
	require.NoError(t, err)
	require.NotContains(t, m.stored.Annotations, lock.CandidatesAnnotation)
}

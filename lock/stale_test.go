package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// TestSwapOfWhatIsNotStoredAnyMore: whatever is written, a release too (F4), it
// is written over what was read, or not at all.
func TestSwapOfWhatIsNotStoredAnyMore(t *testing.T) {
	publication := locktest.Sample("a", "a-1")
	publication.Candidates = append(publication.Candidates, lock.Candidate{Identity: "new"})
	for name, record := range map[string]lock.Record{
		"renewal":     locktest.Sample("a", "a-2"),
		"release":     {Duration: time.Second, Token: 1, Nonce: "a-2"},
		"publication": publication,
	} {
		for change, edit := range map[string]func(*coordinationv1.Lease){
			"taken by another": func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr("b") },
			"labelled":         func(l *coordinationv1.Lease) { l.Labels = map[string]string{"x": "y"} },
		} {
			t.Run(name+" of a lock that was "+change, func(t *testing.T) {
				l, m := newLock(t)
				old, err := l.Insert(t.Context(), locktest.Sample("a", "a-1"))
				require.NoError(t, err)
				m.edit(edit)
				stored := m.stored.DeepCopy()
				_, err = l.Swap(t.Context(), old, record)
				require.ErrorIs(t, err, lock.ErrConflict)
				require.Equal(t, stored, m.stored)
			})
		}
	}
}

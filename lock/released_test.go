package lock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// replace edits the description of Regent's last write.
func replace(l *coordinationv1.Lease, old, with string) {
	l.Annotations[lock.WriteAnnotation] = strings.Replace(l.Annotations[lock.WriteAnnotation], old, with, 1)
}

// clientGoRelease is what client-go's tryRelease writes, with the transitions
// of the record that it found.
func clientGoRelease(transitions int32) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) {
		now := metav1.NewMicroTime(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC))
		l.Spec = coordinationv1.LeaseSpec{
			HolderIdentity: ptr(""), LeaseDurationSeconds: ptr(int32(1)), AcquireTime: &now, RenewTime: &now,
			LeaseTransitions: &transitions,
		}
	}
}

func TestReleased(t *testing.T) {
	regents := locktest.Sample("", "a-2")
	regents.Duration = time.Second
	for name, tc := range map[string]struct {
		regent *lock.Record // what a Regent wrote first
		edit   func(*coordinationv1.Lease)
		want   bool
	}{
		"held by a Regent":         {regent: ptr(locktest.Sample("a", "a-1"))},
		"released by a Regent":     {regent: &regents, want: true},
		"created by a Regent":      {regent: &lock.Record{Duration: 15 * time.Second, Nonce: "n"}, want: true},
		"released by client-go":    {edit: clientGoRelease(3), want: true},
		"client-go after a Regent": {regent: ptr(locktest.Sample("a", "a-1")), edit: clientGoRelease(8), want: true},
		"F4: wipe of a Regent's record by the client-go leader before it": {
			regent: ptr(locktest.Sample("a", "a-1")), edit: clientGoRelease(7),
		},
		"F4: the same with fewer transitions": {regent: ptr(locktest.Sample("a", "a-1")), edit: clientGoRelease(6)},
		"emptied by hand, Regent's": {
			regent: ptr(locktest.Sample("a", "a-1")),
			edit:   func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr("") },
		},
		"emptied by hand, client-go's": {edit: func(l *coordinationv1.Lease) {
			clientGoRelease(3)(l)
			l.Spec.LeaseDurationSeconds = ptr(int32(15))
		}},
		"emptied by hand after a renewal": {edit: func(l *coordinationv1.Lease) {
			clientGoRelease(3)(l)
			l.Spec.RenewTime = later(l.Spec.RenewTime)
		}},
		"kubectl create lease": {edit: func(*coordinationv1.Lease) {}},
		"kubectl create lease with a holder": {edit: func(l *coordinationv1.Lease) {
			l.Spec.HolderIdentity, l.Spec.LeaseDurationSeconds = ptr("someone"), ptr(int32(1))
		}},
		"released by a Regent, token edited": {
			regent: &regents, edit: func(l *coordinationv1.Lease) { l.Annotations[lock.TokenAnnotation] = "7" },
		},
		"released, unreadable": {
			regent: &regents, edit: func(l *coordinationv1.Lease) { l.Annotations[lock.TokenAnnotation] = "seven" },
		},
		"released by client-go, unreadable": {edit: func(l *coordinationv1.Lease) {
			clientGoRelease(3)(l)
			l.Annotations = map[string]string{lock.WriteAnnotation: "{"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l, m := newLock(t)
			if tc.regent != nil {
				_, err := l.Insert(t.Context(), *tc.regent)
				require.NoError(t, err)
			}
			if tc.edit != nil {
				m.edit(tc.edit)
			}
			require.Equal(t, tc.want, read(t, l).Released())
		})
	}
}

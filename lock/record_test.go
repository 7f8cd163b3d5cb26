package lock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

func TestRecordRoundTrip(t *testing.T) {
	full := locktest.Sample("a", "a-1")
	released := locktest.Sample("", "a-2")
	released.Successor, released.Duration = "second", time.Second
	for name, want := range map[string]lock.Record{
		"all fields":    full,
		"released":      released,
		"nothing":       {},
		"just created":  {Duration: 15 * time.Second, Nonce: "n"},
		"strange names": {Holder: `"quo\ted" é 漢`, Nonce: "\x00|", Successor: "", Token: 1},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := newLock(t)
			_, err := l.Insert(t.Context(), want)
			require.NoError(t, err)
			got := read(t, l).Record
			require.NoError(t, got.Problem)
			require.True(t, got.Sealed)
			require.Equal(t, want.Transitions, got.SealedTransitions)
			want.Sealed, want.SealedTransitions = true, want.Transitions
			require.Equal(t, want, got)
		})
	}
}

func TestDurationIsStoredInWholeSecondsRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		time.Nanosecond: time.Second, 900 * time.Millisecond: time.Second, time.Second: time.Second,
		1900 * time.Millisecond: 2 * time.Second, 15 * time.Second: 15 * time.Second,
	} {
		l, _ := newLock(t)
		_, err := l.Insert(t.Context(), lock.Record{Holder: "a", Duration: d})
		require.NoError(t, err)
		got := read(t, l)
		require.Equal(t, want, got.Duration, "of %v", d)
		require.True(t, got.Sealed, "the seal is over what is stored")
	}
}

func TestTimesBelowAMicrosecondDoNotBreakTheSeal(t *testing.T) {
	l, _ := newLock(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 123_456_789, time.FixedZone("elsewhere", 3600))
	_, err := l.Insert(t.Context(), lock.Record{Holder: "a", Duration: time.Second, Acquired: at, Renewed: at})
	require.NoError(t, err)
	require.True(t, read(t, l).Sealed)
}

func TestSealDetectsEachEdit(t *testing.T) {
	for name, edit := range map[string]func(*coordinationv1.Lease){
		"holder":           func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr("b") },
		"holder emptied":   func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr("") },
		"holder removed":   func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = nil },
		"duration":         func(l *coordinationv1.Lease) { l.Spec.LeaseDurationSeconds = ptr(int32(14)) },
		"duration removed": func(l *coordinationv1.Lease) { l.Spec.LeaseDurationSeconds = nil },
		"acquired":         func(l *coordinationv1.Lease) { l.Spec.AcquireTime = later(l.Spec.AcquireTime) },
		"renewed":          func(l *coordinationv1.Lease) { l.Spec.RenewTime = later(l.Spec.RenewTime) },
		"renewed removed":  func(l *coordinationv1.Lease) { l.Spec.RenewTime = nil },
		"transitions":      func(l *coordinationv1.Lease) { l.Spec.LeaseTransitions = ptr(int32(8)) },
		"token":            func(l *coordinationv1.Lease) { l.Annotations[lock.TokenAnnotation] = "1" },
		"token removed":    func(l *coordinationv1.Lease) { delete(l.Annotations, lock.TokenAnnotation) },
		"nonce":            func(l *coordinationv1.Lease) { replace(l, `"nonce":"a-1"`, `"nonce":"a-2"`) },
		"successor":        func(l *coordinationv1.Lease) { replace(l, `"successor":"second"`, `"successor":"third"`) },
		"seal":             func(l *coordinationv1.Lease) { replace(l, `"seal":"`, `"seal":"0`) },
		"write removed":    func(l *coordinationv1.Lease) { delete(l.Annotations, lock.WriteAnnotation) },
	} {
		t.Run(name, func(t *testing.T) {
			l, m := newLock(t)
			r := locktest.Sample("a", "a-1")
			r.Successor = "second"
			_, err := l.Insert(t.Context(), r)
			require.NoError(t, err)
			require.True(t, read(t, l).Sealed)
			m.edit(edit)
			got := read(t, l)
			require.NoError(t, got.Problem)
			require.False(t, got.Sealed)
			require.Empty(t, got.Successor, "a hint that no Regent wrote is none")
		})
	}
}

func TestSealIgnoresWhatNoElectionDependsOn(t *testing.T) {
	l, m := newLock(t)
	_, err := l.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	m.edit(func(l *coordinationv1.Lease) {
		l.Labels = map[string]string{"a": "b"}
		l.Annotations["a"] = "b"
		l.Annotations[lock.CandidatesAnnotation] = "[]"
		l.Spec.PreferredHolder = ptr("c")
	})
	require.True(t, read(t, l).Sealed)
}

func TestRevision(t *testing.T) {
	for version, want := range map[string]uint64{"": 0, "7": 7, "18446744073709551615": 1<<64 - 1, "x7": 0, "-1": 0} {
		require.Equal(t, want, lock.Snapshot{Version: version}.Revision(), version)
	}
}

func ptr[T any](v T) *T { return &v }

func later(t *metav1.MicroTime) *metav1.MicroTime {
	return &metav1.MicroTime{Time: t.Add(time.Microsecond)}
}

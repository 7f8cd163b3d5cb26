package lock_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

func TestNewLeaseNamesEachFault(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  lock.LeaseConfig
		says []string
	}{
		"no client":      {lock.LeaseConfig{Namespace: "ns", Name: "n"}, []string{"Client is nil", "mend: pass clientset.CoordinationV1()"}},
		"no namespace":   {lock.LeaseConfig{Client: newLeases(), Name: "n"}, []string{`Namespace ""`, "mend: name the namespace"}},
		"bad namespace":  {lock.LeaseConfig{Client: newLeases(), Namespace: "myControllerNS", Name: "n"}, []string{`Namespace "myControllerNS"`, "lowercase", "mend:"}},
		"no name":        {lock.LeaseConfig{Client: newLeases(), Namespace: "ns"}, []string{`Name ""`, "mend: choose one such as"}},
		"bad name":       {lock.LeaseConfig{Client: newLeases(), Namespace: "ns", Name: "my controller"}, []string{`Name "my controller"`, "mend:"}},
		"all of it once": {lock.LeaseConfig{Namespace: "A", Name: "B"}, []string{"Client is nil", `Namespace "A"`, `Name "B"`}},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := lock.NewLease(tc.cfg)
			require.Nil(t, l)
			for _, s := range tc.says {
				require.ErrorContains(t, err, s)
			}
		})
	}
}

func TestOthersFieldsSurviveEachWrite(t *testing.T) {
	m := newLeases()
	l, err := lock.NewLease(lock.LeaseConfig{Client: m, Namespace: "default", Name: "lock", Labels: map[string]string{"app": "mine"}})
	require.NoError(t, err)
	require.Equal(t, "lease default/lock", l.String())
	m.edit(func(l *coordinationv1.Lease) {
		l.Labels = map[string]string{"team": "theirs", "app": "old"}
		l.Annotations = map[string]string{"note": "theirs"}
		l.Finalizers = []string{"example.com/keep"}
		l.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "p", UID: "u"}}
		l.Spec.Strategy = ptr(coordinationv1.OldestEmulationVersion)
		l.Spec.PreferredHolder = ptr("theirs")
	})
	check := func(step string) {
		stored := m.stored
		require.Equal(t, "theirs", stored.Labels["team"], step)
		require.Equal(t, "theirs", stored.Annotations["note"], step)
		require.Equal(t, []string{"example.com/keep"}, stored.Finalizers, step)
		require.Len(t, stored.OwnerReferences, 1, step)
		require.Equal(t, coordinationv1.OldestEmulationVersion, *stored.Spec.Strategy, step)
		require.Equal(t, "theirs", *stored.Spec.PreferredHolder, step)
	}
	s, err := l.Swap(t.Context(), read(t, l), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	check("swap")
	require.Equal(t, "mine", m.stored.Labels["app"], "its own label is set")

	spec, others := m.stored.Spec.DeepCopy(), m.stored.Annotations[lock.WriteAnnotation]
	r := s.Record
	r.Candidates = []lock.Candidate{{Identity: "new"}}
	r.Holder, r.Token = "thief", 0
	_, err = l.Swap(t.Context(), s, r)
	require.NoError(t, err)
	check("publish")
	require.Equal(t, *spec, m.stored.Spec, "a publication changes nothing of the record")
	require.Equal(t, others, m.stored.Annotations[lock.WriteAnnotation])

	record, _, err := l.Get(t.Context())
	require.NoError(t, err)
	record.Strategy, record.PreferredHolder = "", "" // as client-go's elector hands it back
	record.HolderIdentity = "b"
	require.NoError(t, l.Update(t.Context(), *record))
	check("client-go's update")
	require.Equal(t, "b", *m.stored.Spec.HolderIdentity)
	require.False(t, read(t, l).Sealed)
	require.Equal(t, locktest.Sample("", "").Token, read(t, l).Token, "client-go's update keeps the token")
}

func TestSwapOfAnotherLocksSnapshot(t *testing.T) {
	l, _ := newLock(t)
	_, err := l.Swap(t.Context(), lock.Snapshot{}, lock.Record{Nonce: "n"})
	require.ErrorContains(t, err, "snapshot is of another lock")
	require.ErrorContains(t, err, "mend:")
}

func TestSwapLeavesTheSnapshotAlone(t *testing.T) {
	l, _ := newLock(t)
	first, err := l.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	before := first.Object.(*coordinationv1.Lease).DeepCopy()
	_, err = l.Swap(t.Context(), first, locktest.Sample("b", "b-1"))
	require.NoError(t, err)
	require.Equal(t, before, first.Object)
}

func TestErrorsNameVerbAndLock(t *testing.T) {
	l, m := newLock(t)
	s, err := l.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	m.fail(errors.New("boom"))
	_, err = l.Read(t.Context())
	require.EqualError(t, err, "get lease default/lock: boom")
	_, err = l.Insert(t.Context(), lock.Record{})
	require.EqualError(t, err, "create lease default/lock: boom")
	_, err = l.Swap(t.Context(), s, lock.Record{})
	require.EqualError(t, err, "update lease default/lock: boom")
	_, err = l.Watch(t.Context(), "")
	require.EqualError(t, err, "watch lease default/lock: boom")
}

func TestResourceLock(t *testing.T) {
	l, m := newLock(t)
	require.Equal(t, "me", l.Identity())
	require.Equal(t, "default/lock", l.Describe())
	l.RecordEvent("is ignored without a recorder")
	require.ErrorContains(t, l.Update(t.Context(), record("a")), "Update before Get or Create; mend:")
	_, _, err := l.Get(t.Context())
	require.Error(t, err)
	require.NoError(t, l.Create(t.Context(), record("a")))
	got, raw, err := l.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a", got.HolderIdentity)
	require.Contains(t, string(raw), `"holderIdentity":"a"`)
	m.edit(func(*coordinationv1.Lease) {})
	require.Error(t, l.Update(t.Context(), record("b")), "compared with what was read")
}

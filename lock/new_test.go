package lock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

func newKind(t testing.TB, kind lock.Kind) (lock.Lock, leases, configMaps) {
	t.Helper()
	l, c := newLeases(), newConfigMaps()
	made, err := lock.New(lock.Config{Kind: kind, Leases: l, ConfigMaps: c, Namespace: "default", Name: "lock"})
	require.NoError(t, err)
	return made, l, c
}

func TestNewNamesEachFault(t *testing.T) {
	l, c := newLeases(), newConfigMaps()
	for name, tc := range map[string]struct {
		cfg  lock.Config
		says []string
	}{
		"no such kind":       {lock.Config{Kind: "Endpoints", Leases: l, ConfigMaps: c, Namespace: "ns", Name: "n"}, []string{`Kind "Endpoints" is none`, `mend: "Lease", "ConfigMap", "Multi", or leave it empty`}},
		"kind and name":      {lock.Config{Kind: "lease", Leases: l, ConfigMaps: c, Namespace: "ns"}, []string{`Kind "lease"`, `Name ""`}},
		"no Leases":          {lock.Config{ConfigMaps: c, Namespace: "ns", Name: "n"}, []string{"pass clientset.CoordinationV1()"}},
		"no ConfigMaps":      {lock.Config{Leases: l, Namespace: "ns", Name: "n"}, []string{"pass clientset.CoreV1()"}},
		"no ConfigMaps, CM":  {lock.Config{Kind: lock.KindConfigMap, Namespace: "ns", Name: "n"}, []string{"pass clientset.CoreV1()"}},
		"no ConfigMaps, all": {lock.Config{Kind: lock.KindMulti, Leases: l, Namespace: "ns", Name: "n"}, []string{"pass clientset.CoreV1()"}},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := lock.New(tc.cfg)
			require.Nil(t, made)
			for _, s := range tc.says {
				require.ErrorContains(t, err, s)
			}
		})
	}
	_, err := lock.New(lock.Config{Kind: lock.KindConfigMap, ConfigMaps: c, Namespace: "ns", Name: "n"})
	require.NoError(t, err, "it needs no Leases")
}

// What is there decides what the lock is.
func TestNewFindsTheKind(t *testing.T) {
	now, longAgo := time.Now(), time.Now().Add(-time.Hour)
	foreign := func(holder string, renewed time.Time) func(*corev1.ConfigMap) {
		return leader(`{"holderIdentity":"` + holder + `","leaseDurationSeconds":15,"renewTime":"` + renewed.UTC().Format(time.RFC3339) + `"}`)
	}
	const lease, both, refused = "lease default/lock", "configmap default/lock and lease default/lock", "(refused)"
	for name, tc := range map[string]struct {
		edit  func(*corev1.ConfigMap)
		err   error // of the ConfigMap
		kinds map[lock.Kind]string
	}{
		"nothing":             {kinds: map[lock.Kind]string{"": lease, lock.KindLease: lease}},
		"no lock":             {edit: func(cm *corev1.ConfigMap) { cm.Data = map[string]string{"a": "b"} }, kinds: map[lock.Kind]string{"": lease, lock.KindLease: lease}},
		"held":                {edit: foreign("kooper", now), kinds: map[lock.Kind]string{"": both, lock.KindLease: refused}},
		"held, a clock ahead": {edit: foreign("kooper", now.Add(time.Hour)), kinds: map[lock.Kind]string{"": both, lock.KindLease: refused}},
		"held, a clock late":  {edit: foreign("kooper", now.Add(-time.Minute)), kinds: map[lock.Kind]string{"": both, lock.KindLease: refused}},
		"dead":                {edit: foreign("kooper", longAgo), kinds: map[lock.Kind]string{"": both, lock.KindLease: lease}},
		"released":            {edit: foreign("", now), kinds: map[lock.Kind]string{"": both, lock.KindLease: lease}},
		"unreadable":          {edit: leader("{"), kinds: map[lock.Kind]string{"": both, lock.KindLease: refused}},
		"forbidden":           {err: apierrors.NewForbidden(corev1.Resource("configmaps"), "lock", errors.New("no rule")), kinds: map[lock.Kind]string{"": lease, lock.KindLease: lease}},
	} {
		for kind, want := range tc.kinds {
			t.Run(name+" for "+string(kind), func(t *testing.T) {
				l, _, configMaps := newKind(t, kind)
				if tc.edit != nil {
					configMaps.edit(tc.edit)
				}
				configMaps.fail(tc.err)
				_, err := l.Read(t.Context())
				switch want {
				case lease:
					require.ErrorIs(t, err, lock.ErrNotFound)
				case both:
					require.NoError(t, err)
				case refused:
					require.ErrorIs(t, err, lock.ErrConfigMapHeld)
					require.ErrorContains(t, err, "configmap default/lock")
					require.ErrorContains(t, err, `mend: Kind "Multi"`)
					want = lease
				}
				require.Equal(t, want, l.String())
			})
		}
	}
}

// A Lease is enough beside a ConfigMap whose holder holds the Lease as well.
func TestLeaseAloneBesideAMulti(t *testing.T) {
	multi, leases, configMaps := newKind(t, lock.KindMulti)
	leases.edit(func(l *coordinationv1.Lease) {}) // revisions are the store's: here there are two
	leases.edit(func(l *coordinationv1.Lease) {})
	leases.edit(func(l *coordinationv1.Lease) {})
	r := locktest.Sample("a", "a-1")
	r.Renewed = time.Now()
	_, err := multi.Swap(t.Context(), read(t, multi), r)
	require.NoError(t, err)
	require.True(t, read(t, multi).Sealed)
	alone, err := lock.New(lock.Config{Kind: lock.KindLease, Leases: leases, ConfigMaps: configMaps, Namespace: "default", Name: "lock"})
	require.NoError(t, err)
	s := read(t, alone)
	require.Equal(t, "a", s.Holder)
	require.True(t, s.Joint, "it knows that there is another lock")
	leases.edit(func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr("b") })
	require.False(t, read(t, alone).Joint, "whoever that was knows of none")
}

// It looks once, and goes on when what it looks at cannot be reached.
func TestNewLooksOnce(t *testing.T) {
	l, _, configMaps := newKind(t, "")
	_, err := l.Insert(t.Context(), lock.Record{})
	require.ErrorContains(t, err, "mend: Read first")
	_, err = l.Swap(t.Context(), lock.Snapshot{}, lock.Record{})
	require.ErrorContains(t, err, "mend: Read first")
	_, err = l.Watch(t.Context(), "")
	require.ErrorContains(t, err, "mend: Read first")
	configMaps.fail(errors.New("boom"))
	_, err = l.Read(t.Context())
	require.ErrorContains(t, err, "get configmap default/lock: boom")
	configMaps.fail(nil)
	_, err = l.Read(t.Context())
	require.ErrorIs(t, err, lock.ErrNotFound)
	configMaps.fail(errors.New("boom"))
	_, err = l.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	require.Equal(t, "a", read(t, l).Holder)
}

func TestForbiddenLeasesAreExplained(t *testing.T) {
	forbidden := apierrors.NewForbidden(leaseResource, "lock", errors.New("no rule"))
	for kind, says := range map[lock.Kind]bool{"": true, lock.KindLease: false} {
		l, leases, _ := newKind(t, kind)
		leases.fail(forbidden)
		_, err := l.Read(t.Context())
		require.ErrorIs(t, err, lock.ErrForbidden)
		require.ErrorContains(t, err, `resources: ["leases"]`)
		if says {
			require.ErrorContains(t, err, "or keep the record in a ConfigMap: Kind: lock.KindConfigMap")
			_, err = l.Insert(t.Context(), lock.Record{})
			require.ErrorContains(t, err, "Kind: lock.KindConfigMap")
		}
	}
}

// A Multi serves client-go's elector: held is what both say.
func TestMultiIsALockOfClientGo(t *testing.T) {
	leases, configMaps := newLeases(), newConfigMaps()
	made, err := lock.New(lock.Config{Kind: lock.KindMulti, Leases: leases, ConfigMaps: configMaps, Namespace: "default", Name: "lock"})
	require.NoError(t, err)
	m := made.(*lock.Multi)
	require.Equal(t, "default/lock", m.Describe())
	m.RecordEvent("is ignored without a recorder")
	_, _, err = m.Get(t.Context())
	require.True(t, apierrors.IsNotFound(err))
	require.NoError(t, m.Create(t.Context(), record("a")))
	get := func() (holder, raw string) {
		r, b, err := m.Get(t.Context())
		require.NoError(t, err)
		return r.HolderIdentity, string(b)
	}
	holder, first := get()
	require.Equal(t, "a", holder)
	require.NoError(t, m.Update(t.Context(), record("b")))
	holder, second := get()
	require.Equal(t, "b", holder)
	require.NotEqual(t, first, second)
	require.Equal(t, "b", *leases.stored.Spec.HolderIdentity)

	leases.edit(func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = ptr("thief") })
	holder, third := get()
	require.Equal(t, "thief", holder, "both are needed")
	require.NotEqual(t, second, third)

	require.NoError(t, m.Update(t.Context(), record("")))
	holder, _ = get()
	require.Empty(t, holder)
	require.Empty(t, *leases.stored.Spec.HolderIdentity)

	leases.exists = false // an operator deletes it
	holder, _ = get()
	require.Empty(t, holder)
	require.NoError(t, m.Update(t.Context(), record("c")))
	require.Equal(t, "c", *leases.stored.Spec.HolderIdentity, "made anew")
}

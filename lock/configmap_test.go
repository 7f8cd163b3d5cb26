package lock_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// newConfigMap returns a ConfigMap in memory.
func newConfigMap(t testing.TB) (*lock.ConfigMap, configMaps) {
	t.Helper()
	m := newConfigMaps()
	l, err := lock.NewConfigMap(lock.ConfigMapConfig{Client: m, Namespace: "default", Name: "lock", Identity: "me"})
	require.NoError(t, err)
	return l, m
}

// leader sets what is stored as the leader's record.
func leader(raw string) func(*corev1.ConfigMap) {
	return func(cm *corev1.ConfigMap) {
		if cm.Annotations == nil {
			cm.Annotations = make(map[string]string)
		}
		cm.Annotations[lock.LeaderAnnotation] = raw
	}
}

func TestNewConfigMapNamesEachFault(t *testing.T) {
	_, err := lock.NewConfigMap(lock.ConfigMapConfig{Namespace: "A", Name: ""})
	for _, s := range []string{"Client is nil", "mend: pass clientset.CoreV1()", `Namespace "A"`, `Name ""`} {
		require.ErrorContains(t, err, s)
	}
}

// kooper08 is as kooper 0.8 stored it, by client-go 12.
const kooper08 = `{"holderIdentity":"pod-a","leaseDurationSeconds":15,"acquireTime":"2026-07-21T12:30:15Z","renewTime":"2026-07-21T12:31:15Z","leaderTransitions":3}`

func TestConfigMapReadsKoopersRecord(t *testing.T) {
	l, m := newConfigMap(t)
	require.Equal(t, "configmap default/lock", l.String())
	m.edit(leader(kooper08))
	s := read(t, l)
	at := time.Date(2026, 7, 21, 12, 30, 15, 0, time.UTC)
	require.NoError(t, s.Problem)
	require.Equal(t, "pod-a", s.Holder)
	require.Equal(t, 15*time.Second, s.Duration)
	require.True(t, s.Acquired.Equal(at))
	require.True(t, s.Renewed.Equal(at.Add(time.Minute)))
	require.EqualValues(t, 3, s.Transitions)
	require.Equal(t, lock.KindConfigMap, s.Kind)
	require.False(t, s.Sealed)
	require.False(t, s.Released())
}

// What client-go's elector makes of our record is what we mean, and the other
// way round.
func TestConfigMapIsReadByClientGo(t *testing.T) {
	l, m := newConfigMap(t)
	want := locktest.Sample("a", "a-1")
	_, err := l.Insert(t.Context(), want)
	require.NoError(t, err)
	var got resourcelock.LeaderElectionRecord
	require.NoError(t, json.Unmarshal([]byte(m.stored.Annotations[lock.LeaderAnnotation]), &got))
	require.Equal(t, "a", got.HolderIdentity)
	require.Equal(t, 15, got.LeaseDurationSeconds)
	require.Equal(t, 7, got.LeaderTransitions)
	require.True(t, got.AcquireTime.Time.Equal(want.Acquired), "to the microsecond: who compares records sees each renewal")
	require.True(t, got.RenewTime.Time.Equal(want.Renewed))
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(m.stored.Annotations[lock.LeaderAnnotation]), &fields))
	require.Len(t, fields, 5, "kooper's five, and what is Regent's beside them")
}

func TestOthersFieldsOfAConfigMapSurvive(t *testing.T) {
	m := newConfigMaps()
	l, err := lock.NewConfigMap(lock.ConfigMapConfig{Client: m, Namespace: "default", Name: "lock", Labels: map[string]string{"app": "mine"}})
	require.NoError(t, err)
	m.edit(func(cm *corev1.ConfigMap) {
		cm.Labels = map[string]string{"team": "theirs"}
		cm.Data = map[string]string{"key": "theirs"}
		cm.BinaryData = map[string][]byte{"bytes": {1}}
		cm.Finalizers = []string{"example.com/keep"}
		cm.Annotations = map[string]string{"note": "theirs"}
		leader(`{"holderIdentity":"b","future":{"deep":[1,2]},"preferredHolder":"c","HolderIdentity":"odd"}`)(cm)
	})
	check := func(step string) {
		require.Equal(t, "theirs", m.stored.Labels["team"], step)
		require.Equal(t, "theirs", m.stored.Annotations["note"], step)
		require.Equal(t, "theirs", m.stored.Data["key"], step)
		require.Equal(t, []byte{1}, m.stored.BinaryData["bytes"], step)
		require.Equal(t, []string{"example.com/keep"}, m.stored.Finalizers, step)
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(m.stored.Annotations[lock.LeaderAnnotation]), &fields))
		require.Equal(t, map[string]any{"deep": []any{1.0, 2.0}}, fields["future"], step)
		require.Equal(t, "c", fields["preferredHolder"], step)
		require.NotContains(t, fields, "HolderIdentity", "encoding/json would read it as ours")
	}
	s, err := l.Swap(t.Context(), read(t, l), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	require.Equal(t, "a", s.Holder)
	require.Equal(t, "mine", m.stored.Labels["app"])
	check("swap")
	record, _, err := l.Get(t.Context())
	require.NoError(t, err)
	record.HolderIdentity, record.PreferredHolder = "d", "" // as client-go's elector hands it back
	require.NoError(t, l.Update(t.Context(), *record))
	check("client-go's update")
	s = read(t, l)
	require.Equal(t, "d", s.Holder)
	require.False(t, s.Sealed)
	require.Equal(t, locktest.Sample("", "").Token, s.Token, "client-go's update keeps the token")
}

func TestConfigMapsRecordThatCannotBeRead(t *testing.T) {
	for name, raw := range map[string]string{
		"no JSON":       `leader: a`,
		"empty":         ``,
		"a list":        `[]`,
		"a fraction":    `{"leaseDurationSeconds":1.5}`,
		"a text":        `{"leaderTransitions":"3"}`,
		"no time":       `{"renewTime":"yesterday"}`,
		"cut off":       kooper08[:40],
		"a huge number": `{"leaseDurationSeconds":99999999999999999999}`,
	} {
		t.Run(name, func(t *testing.T) {
			l, m := newConfigMap(t)
			m.edit(leader(raw))
			s := read(t, l)
			var problem *lock.RecordError
			require.ErrorAs(t, s.Problem, &problem)
			require.Equal(t, lock.LeaderAnnotation, problem.Field)
			require.ErrorContains(t, problem, "mend: remove the annotation")
			require.ErrorContains(t, problem, "configmap default/lock")
			require.False(t, s.Released())
			_, _, err := l.Get(t.Context())
			require.ErrorContains(t, err, lock.LeaderAnnotation)
			// It can be replaced all the same.
			s, err = l.Swap(t.Context(), s, locktest.Sample("a", "a-1"))
			require.NoError(t, err)
			require.NoError(t, s.Problem)
			require.True(t, s.Sealed)
		})
	}
}

// A duration that an int can hold and a Duration can not, and the like.
func TestConfigMapsRecordWithExtremes(t *testing.T) {
	l, m := newConfigMap(t)
	m.edit(leader(`{"holderIdentity":"a","leaseDurationSeconds":9223372036854775807,"leaderTransitions":-9223372036854775808,"acquireTime":null}`))
	s := read(t, l)
	require.NoError(t, s.Problem)
	require.Equal(t, (1<<31-1)*time.Second, s.Duration)
	require.EqualValues(t, -1<<31, s.Transitions)
	require.True(t, s.Acquired.IsZero())
}

func TestConfigMapWithoutARecord(t *testing.T) {
	l, m := newConfigMap(t)
	m.edit(func(cm *corev1.ConfigMap) { cm.Data = map[string]string{"key": "theirs"} })
	s := read(t, l)
	require.NoError(t, s.Problem)
	require.Empty(t, s.Holder)
	require.False(t, s.Released(), "whether somebody removed it under a leader is not known")
	record, raw, err := l.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, &resourcelock.LeaderElectionRecord{}, record)
	require.Nil(t, raw)
	m.edit(func(cm *corev1.ConfigMap) { cm.Immutable = ptr(true) }) // concerns data only
	_, err = l.Swap(t.Context(), read(t, l), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"key": "theirs"}, m.stored.Data)
}

func TestConfigMapIsALockOfClientGo(t *testing.T) {
	l, m := newConfigMap(t)
	require.Equal(t, "me", l.Identity())
	require.Equal(t, "default/lock", l.Describe())
	require.ErrorContains(t, l.Update(t.Context(), record("a")), "Update before Get or Create; mend:")
	require.NoError(t, l.Create(t.Context(), record("a")))
	got, raw, err := l.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a", got.HolderIdentity)
	require.Equal(t, m.stored.Annotations[lock.LeaderAnnotation], string(raw))
	m.edit(func(*corev1.ConfigMap) {})
	require.Error(t, l.Update(t.Context(), record("b")), "compared with what was read")
	released := record("")
	released.LeaseDurationSeconds, released.LeaderTransitions = 1, 4
	released.AcquireTime = metav1.NewTime(time.Unix(1_800_000_000, 0))
	released.RenewTime = released.AcquireTime
	_, _, err = l.Get(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Update(t.Context(), released))
	require.True(t, read(t, l).Released())
}

func FuzzConfigMap(f *testing.F) {
	f.Add(kooper08)
	f.Add(`{"holderIdentity":"a","future":{}}`)
	f.Add(`{"holderidentity":"a","HOLDERIDENTITY":"b"}`)
	f.Add(`null`)
	f.Add(`{"acquireTime":null,"renewTime":"0000-01-01T00:00:00Z"}`)
	f.Fuzz(func(t *testing.T, raw string) {
		l, m := newConfigMap(t)
		m.edit(leader(raw))
		s := read(t, l)
		require.False(t, s.Sealed)
		if s.Problem == nil {
			var r resourcelock.LeaderElectionRecord
			require.NoError(t, json.Unmarshal([]byte(raw), &r))
			require.Equal(t, r.HolderIdentity, s.Holder)
		}
		want := locktest.Sample("regent", s.Nonce+"x")
		s, err := l.Swap(t.Context(), s, want)
		require.NoError(t, err)
		require.NoError(t, s.Problem)
		require.True(t, s.Sealed)
		require.Equal(t, want.Holder, s.Holder)
		require.True(t, s.Renewed.Equal(want.Renewed))
		require.Equal(t, s, read(t, l))
		var r resourcelock.LeaderElectionRecord
		require.NoError(t, json.Unmarshal([]byte(m.stored.Annotations[lock.LeaderAnnotation]), &r), "client-go can read it")
		require.Equal(t, want.Holder, r.HolderIdentity)
	})
}

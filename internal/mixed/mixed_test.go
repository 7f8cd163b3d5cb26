package mixed_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/mixed"
	"github.com/regent-ha/regent/lock"
)

// A fleet is rolled from kind to kind and back, while its leaders are
// terminated, killed and cut off. Never are two at work.
func TestMixedFleets(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	plane.Get(t)
	for _, kinds := range [][]mixed.Kind{
		{mixed.ClientGo, mixed.RegentLease},
		{mixed.ControllerRuntime, mixed.RegentLease},
		{mixed.Kooper28, mixed.RegentLease},
		{mixed.Kooper28, mixed.Regent}, // with a ConfigMap that kooper before 2.0 left
		{mixed.Kooper08, mixed.Regent, mixed.RegentLease},
		{mixed.Kooper08, mixed.RegentConfigMap},
		{mixed.RegentConfigMap, mixed.RegentMulti, mixed.RegentLease},
	} {
		t.Run(name(kinds), func(t *testing.T) {
			t.Parallel()
			play(t, kinds)
		})
	}
}

func name(kinds []mixed.Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, " ")
}

func play(t *testing.T, kinds []mixed.Kind) {
	s := newStage(t, kinds...)
	if slices.Equal(kinds, []mixed.Kind{mixed.Kooper28, mixed.Regent}) {
		leaveConfigMap(t, s.Namespace())
	}
	for range mixed.Size {
		_, err := s.Start(t.Context(), kinds[0])
		require.NoError(t, err)
	}
	defer judge(t, s)
	back := slices.Clone(kinds[:len(kinds)-1])
	slices.Reverse(back)
	tour := slices.Concat(kinds[1:], back)
	losses := mixed.Losses()
	for i := range *tours * len(losses) * len(tour) {
		loss, to := losses[(i+i/len(losses)/len(tour))%len(losses)], tour[i%len(tour)]
		change, err := s.Roll(t.Context(), to, loss, i/len(tour)%2 == 0)
		require.NoError(t, err, "to %s by %s", to, loss)
		t.Log(change)
		if to == mixed.Regent || to == mixed.RegentMulti {
			requireBothHeld(t, s.Namespace())
		}
	}
}

// leaveConfigMap makes what a fleet that is long gone has left.
func leaveConfigMap(t *testing.T, namespace string) {
	t.Helper()
	const record = `{"holderIdentity":"gone","leaseDurationSeconds":15,"acquireTime":"2020-01-01T00:00:00Z","renewTime":"2020-01-02T00:00:00Z","leaderTransitions":3}`
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	_, err = client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: mixed.LockName, Annotations: map[string]string{lock.LeaderAnnotation: record}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// requireBothHeld wants one holder of the ConfigMap and the Lease.
func requireBothHeld(t *testing.T, namespace string) {
	t.Helper()
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	lease, err := client.CoordinationV1().Leases(namespace).Get(t.Context(), mixed.LockName, metav1.GetOptions{})
	require.NoError(t, err)
	configMap, err := client.CoreV1().ConfigMaps(namespace).Get(t.Context(), mixed.LockName, metav1.GetOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, *lease.Spec.HolderIdentity)
	require.Contains(t, configMap.Annotations[lock.LeaderAnnotation], *lease.Spec.HolderIdentity)
}

// judge fails the test if two were at work at once.
func judge(t *testing.T, s *mixed.Stage) {
	v := mixed.Judge(s.Lines())
	var worked time.Duration
	for _, span := range v.Spans {
		worked += span.End - span.Begin
	}
	t.Logf("%d terms, %v of work, two at once: %d, longest time without work %v",
		len(v.Spans), worked.Round(time.Second), len(v.Overlaps), v.Longest().Round(time.Millisecond))
	assert.Empty(t, v.Overlaps)
	assert.Empty(t, v.Fallen)
}

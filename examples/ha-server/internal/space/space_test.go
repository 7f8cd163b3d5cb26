package space_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/lock"
)

func TestPhases(t *testing.T) {
	t.Parallel()
	object := space.Request{Name: "a", Owner: "ann", TTL: "90s"}.Object()
	object.CreationTimestamp = metav1.Unix(1000, 0)
	expires := time.Unix(1090, 0).UTC()
	want := space.Space{Name: "a", Owner: "ann", TTL: "90s", Phase: space.Pending, Created: time.Unix(1000, 0).UTC(), Expires: &expires}
	requireSpace(t, want, object)

	object.Annotations = map[string]string{space.ReadyAnnotation: "true", lock.TokenAnnotation: "18446744073709551615"}
	want.Phase, want.Account, want.Token = space.Ready, "space-a", 1<<64-1
	requireSpace(t, want, object)

	object.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	want.Phase = space.Deleting
	requireSpace(t, want, object)
}

func requireSpace(t *testing.T, want space.Space, object *corev1.ConfigMap) {
	t.Helper()
	got, ok := space.Of(object)
	require.True(t, ok)
	require.Equal(t, want, got)
}

// What somebody has changed by hand is told, and is no reason to delete.
func TestChangedByHand(t *testing.T) {
	t.Parallel()
	object := space.Request{Name: "a", Owner: "ann"}.Object()
	object.Data["ttl"] = "never"
	s, ok := space.Of(object)
	require.True(t, ok)
	require.Nil(t, s.Expires)
	require.Contains(t, s.Problem, `configmap space-a: data.ttl "never" is no duration; mend: `)
}

func TestOtherConfigMapsAreNoSpaces(t *testing.T) {
	t.Parallel()
	labelled := map[string]string{space.Label: "true"}
	for name, object := range map[string]*corev1.ConfigMap{
		"another's name": {ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt", Labels: labelled}},
		"no label":       {ObjectMeta: metav1.ObjectMeta{Name: "space-a"}},
	} {
		_, ok := space.Of(object)
		require.False(t, ok, name)
	}
}

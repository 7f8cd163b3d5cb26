package main_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/journal"
)

// The handler that is at work when SIGTERM comes ends, then the lock is
// released, then the next replica works.
func TestSIGTERMDrainsAndReleases(t *testing.T) {
	t.Parallel()
	namespace := plane.Namespace(t)
	r := newReplicas(t, admin(t), namespace, "-handling=500ms")
	require.NoError(t, r.StartAll(t.Context(), r.flags...))
	leader, elected, others, err := r.Leader()
	require.NoError(t, err)
	require.Len(t, others, 2)

	makePod(t, namespace, "one")
	r.await(t, journal.Begins, leader.Name)
	require.NoError(t, leader.Terminate())
	handled := r.await(t, journal.Handled, leader.Name)
	drained := r.await(t, journal.Drained, leader.Name)
	r.await(t, journal.Released, leader.Name)
	next, err := r.Successor(t.Context(), elected)
	require.NoError(t, err)
	require.NoError(t, r.Retire(leader), "exit code 0")
	require.LessOrEqual(t, handled.At, drained.At)
	require.LessOrEqual(t, drained.At, next.At)
	require.Greater(t, next.Token, elected.Token)

	makePod(t, namespace, "two")
	require.Equal(t, next.Token, r.await(t, journal.Handled, next.Replica).Token)
	require.NoError(t, r.StopAll())
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	lease, err := client.CoordinationV1().Leases(namespace).Get(t.Context(), "leader-election-controller", metav1.GetOptions{})
	require.NoError(t, err)
	require.Empty(t, lease.Spec.HolderIdentity, "released by the last one")
	events, err := client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, events.Items, "kubectl describe lease tells the story")
	require.NotContains(t, r.log.String(), "level=ERROR")
}

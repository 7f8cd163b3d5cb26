package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/leaderelection"
)

// events writes them about the lock.
func events(client kubernetes.Interface, namespace string) *leaderelection.KubernetesEvents {
	return &leaderelection.KubernetesEvents{
		Client: client.CoreV1(),
		Object: corev1.ObjectReference{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: namespace, Name: "lock"},
	}
}

func TestKubernetesEventsArrive(t *testing.T) {
	namespace := plane.Namespace(t)
	client := newClient(t, plane.Get(t).Config())
	c := start(t, newArena(t), newLease(t, client, namespace), "a", func(c *leaderelection.Config) { c.Events = events(client, namespace) })
	first := c.leads(t)
	uid := getLease(t, client, namespace).UID
	require.NoError(t, client.CoordinationV1().Leases(namespace).Delete(t.Context(), "lock", metav1.DeleteOptions{}))
	require.ErrorIs(t, await(t, first.ended, "the term ends"), leaderelection.ErrDeleted)
	second := c.leads(t)
	c.stop()

	var list *corev1.EventList
	eventually(t, "five Events arrive", func() bool {
		var err error
		list, err = client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{
			FieldSelector: "involvedObject.kind=Lease,involvedObject.name=lock", // as kubectl describe lease asks
		})
		return err == nil && len(list.Items) >= 5
	})
	var told []string
	uids := make(map[string]bool)
	for _, e := range list.Items {
		told = append(told, e.Type+" "+e.Reason+" "+e.Message)
		uids[string(e.InvolvedObject.UID)] = true
		require.Equal(t, "a", e.ReportingInstance)
	}
	require.ElementsMatch(t, []string{
		"Normal LeaderElected a became leader, token " + str(first.Token()),
		"Warning LeadershipEnded a, token " + str(first.Token()) + ": leadership ended: lock deleted or emptied",
		"Normal LeaderElected a became leader, token " + str(second.Token()),
		"Normal LeadershipEnded a, token " + str(second.Token()) + ": leadership ended: shutting down",
		"Normal LockReleased a drained and released the lock, token " + str(second.Token()),
	}, told)
	require.True(t, uids[string(uid)], "kubectl describe finds them by the UID")
	require.True(t, uids[string(getLease(t, client, namespace).UID)])
}

package integration_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

func TestStandbyThatIsCutOffSaysSo(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	leader := start(t, a, newLease(t, newClient(t, plane.Get(t).Config()), namespace), "leader", nil)
	led := leader.leads(t)
	cfg, p := throughProxy(t)
	standby := start(t, a, newLease(t, newClient(t, cfg), namespace), "standby", nil)
	eventually(t, "it follows", func() bool { return standby.Status().Holder == "leader" && standby.Status().Watching })
	require.NoError(t, standby.Check(nil))
	p.setCut(true)
	_ = standby.unhealthy(t, "no answer from the API server for ")
	require.True(t, led.Valid(), "that one is cut off is not the other's concern")
	require.Empty(t, standby.terms)
	p.setCut(false)
	eventually(t, "it is well again", func() bool { return standby.Check(nil) == nil })
	leader.stop()
	require.Greater(t, standby.leads(t).Token(), led.Token())
}

// In a namespace that is being deleted a leader goes on, and nobody can
// create the lock.
func TestNamespaceThatTerminates(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	client := newClient(t, plane.Get(t).Config())
	leader := start(t, a, newLease(t, client, namespace), "leader", nil)
	led := leader.leads(t)
	require.NoError(t, client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}))
	eventually(t, "the namespace terminates", func() bool {
		ns, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
		return err == nil && ns.Status.Phase == corev1.NamespaceTerminating
	})
	led.renewed(t)
	require.NoError(t, client.CoordinationV1().Leases(namespace).Delete(t.Context(), "lock", metav1.DeleteOptions{}))
	require.ErrorIs(t, await(t, led.ended, "the term ends"), leaderelection.ErrDeleted)
	_ = leader.unhealthy(t, "because it is being terminated")
	require.Empty(t, leader.terms)
}

// Nobody can lead in a namespace that does not exist, and everybody says so.
func TestNamespaceThatIsMissing(t *testing.T) {
	namespace := plane.Namespace(t) + "-more"
	client := newClient(t, plane.Get(t).Config())
	c := start(t, newArena(t), newLease(t, client, namespace), "a", nil)
	err := c.unhealthy(t, `namespaces "`+namespace+`" not found; mend: create the namespace`)
	require.ErrorIs(t, err, lock.ErrRejected)
	require.Equal(t, err.Error(), c.Status().Err.Error())
	_, err = client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	c.leads(t)
	eventually(t, "it is well", func() bool { return c.Check(nil) == nil })
}

func TestAPIServerThatIsKilled(t *testing.T) {
	own, a := cptest.Start(t, controlplane.Config{}), newArena(t)
	namespace := cptest.Namespace(t, own)
	candidates := make(map[*candidate]bool)
	for _, name := range []string{"a", "b", "c"} {
		candidates[start(t, a, newLease(t, newClient(t, own.Config()), namespace), name, nil)] = true
	}
	_, led := anyLeads(t, candidates)
	for c := range candidates {
		eventually(t, "all follow", func() bool { return c.Status().Holder != "" && c.Status().Watching })
	}
	require.NoError(t, syscall.Kill(own.APIServerPID(), syscall.SIGKILL))
	eventually(t, "it is dead", func() bool { return own.APIServerPID() == 0 })
	deadline := led.Deadline()
	require.ErrorIs(t, await(t, led.ended, "the term ends"), leaderelection.ErrDeadline)
	require.WithinDuration(t, deadline, time.Now(), 5*time.Second, "the work stops at the deadline, or little later on a busy machine")
	require.False(t, led.Valid())
	for c := range candidates {
		_ = c.unhealthy(t, "connection refused")
		require.False(t, c.IsLeader())
		require.Empty(t, c.terms, "nobody leads on the word of nobody")
	}

	require.NoError(t, own.StartAPIServer(t.Context()))
	c, next := anyLeads(t, candidates)
	require.Greater(t, next.Token(), led.Token())
	for c := range candidates {
		eventually(t, "all are well again", func() bool { return c.Check(nil) == nil })
	}
	c.stop()
	delete(candidates, c)
	_, last := anyLeads(t, candidates)
	require.Greater(t, last.Token(), next.Token())
}

// anyLeads waits until one of several leads.
func anyLeads(t *testing.T, candidates map[*candidate]bool) (who *candidate, led *term) {
	t.Helper()
	eventually(t, "one leads", func() bool {
		for c := range candidates {
			if len(c.terms) > 0 {
				who, led = c, <-c.terms
				return true
			}
		}
		return false
	})
	return who, led
}

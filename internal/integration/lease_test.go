package integration_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/runnertest"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

func TestLeaseConformsOnARealServer(t *testing.T) {
	locktest.Conformance(t, func(t *testing.T) locktest.Subject {
		cfg, namespace := plane.Get(t).Config(), plane.Namespace(t)
		leases := newClient(t, cfg).CoordinationV1().Leases(namespace)
		return locktest.Subject{
			Client: func() lock.Lock { return newLease(t, newClient(t, cfg), namespace) },
			Delete: func() { require.NoError(t, leases.Delete(t.Context(), "lock", metav1.DeleteOptions{})) },
			Edit: func(holder string) {
				lease, err := leases.Get(t.Context(), "lock", metav1.GetOptions{})
				require.NoError(t, err)
				lease.Spec.HolderIdentity = &holder
				_, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{})
				require.NoError(t, err)
			},
		}
	})
}

func TestElectorIsARunnerOnARealServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	runnertest.Test(t, func(t *testing.T) runnertest.Subject {
		cfg, namespace := plane.Get(t).Config(), plane.Namespace(t)
		admin := newClient(t, cfg)
		return runnertest.Subject{
			Runner: func() leaderelection.Runner {
				e, err := leaderelection.New("lock", namespace, nil, newClient(t, cfg), slog.New(slog.DiscardHandler))
				require.NoError(t, err)
				return e
			},
			Lose: func() {
				require.NoError(t, admin.CoordinationV1().Leases(namespace).Delete(t.Context(), "lock", metav1.DeleteOptions{}))
			},
		}
	})
}

// A server that coordinates the leaders of its own components keeps two fields
// of a Lease more. They belong to others, as labels and annotations do.
func TestOthersFieldsSurviveATermOnARealServer(t *testing.T) {
	coordinated := cptest.Start(t, controlplane.Config{APIServerFlags: map[string][]string{
		"feature-gates":  {"CoordinatedLeaderElection=true"},
		"runtime-config": {"coordination.k8s.io/v1beta1=true"},
	}})
	for name, tc := range map[string]struct {
		cfg       *rest.Config
		namespace string
		keeps     bool
	}{
		"by default":  {plane.Get(t).Config(), plane.Namespace(t), false},
		"coordinated": {coordinated.Config(), cptest.Namespace(t, coordinated), true},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, tc.cfg)
			leases := client.CoordinationV1().Leases(tc.namespace)
			strategy, preferred := coordinationv1.OldestEmulationVersion, "theirs"
			_, err := leases.Create(t.Context(), &coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{
					Name: "lock", Labels: map[string]string{"team": "theirs"}, Annotations: map[string]string{"example.com/note": "theirs"},
					Finalizers: []string{"example.com/keep"},
				},
				Spec: coordinationv1.LeaseSpec{Strategy: &strategy, PreferredHolder: &preferred},
			}, metav1.CreateOptions{})
			require.NoError(t, err)
			requireTheirs := func(holder string) {
				lease := getLease(t, client, tc.namespace)
				require.Equal(t, holder, *lease.Spec.HolderIdentity)
				require.Equal(t, "theirs", lease.Labels["team"])
				require.Equal(t, "theirs", lease.Annotations["example.com/note"])
				require.Equal(t, []string{"example.com/keep"}, lease.Finalizers)
				require.NotEmpty(t, lease.Annotations[lock.TokenAnnotation])
				if tc.keeps {
					require.Equal(t, strategy, *lease.Spec.Strategy)
					require.Equal(t, preferred, *lease.Spec.PreferredHolder)
				}
			}
			c := start(t, newArena(t), newLease(t, client, tc.namespace), "a", func(c *leaderelection.Config) {
				c.Foreign, c.ForeignGrace = leaderelection.ForeignAllow, 1 // made by hand, as by kubectl
			})
			led := c.leads(t)
			requireTheirs("a")
			led.renewed(t)
			c.stop()
			requireTheirs("")
		})
	}
}

func getLease(t *testing.T, client kubernetes.Interface, namespace string) *coordinationv1.Lease {
	t.Helper()
	lease, err := client.CoordinationV1().Leases(namespace).Get(t.Context(), "lock", metav1.GetOptions{})
	require.NoError(t, err)
	return lease
}

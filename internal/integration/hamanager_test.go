package integration_test

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// A manager as a component: it shares each term with the components of Leader,
// and another one goes on after a loss, in the same process.
func TestManagerIsAComponent(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	admin := newClient(t, cfg)
	makeConfigMap(t, namespace, "one")
	m, _ := newManaged(t, a, cfg, namespace, "replica", nil)
	made, leads := make(chan struct{}), make(chan *leaderelection.Term, 9)
	group, err := ha.New(ha.Config{
		Runner: m.elector,
		Always: []ha.Component{ha.NewManager("manager", m.elector, func(link *leaderelection.ManagerLink) (leaderelection.Manager, error) {
			m.follow(t, cfg, namespace, func(_ *leaderelection.ManagerLink, o *manager.Options) {
				o.LeaderElectionResourceLockInterface, o.BaseContext = link.Lock(), link.BaseContext
			})
			made <- struct{}{}
			return m.mgr, nil
		})},
		Leader: []ha.Component{{Name: "work", Run: func(ctx context.Context) error {
			term, _ := leaderelection.TermFromContext(ctx)
			leads <- term
			<-ctx.Done()
			return nil
		}}},
		Signals: []os.Signal{}, Logger: slog.New(slog.NewTextHandler(m.log, nil)),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- group.Run(ctx) }()

	var last uint64
	for range 2 {
		await(t, made, "a manager is made")
		reconciled := m.next(t)
		require.Greater(t, reconciled.term.Token(), last)
		last = reconciled.term.Token()
		require.Equal(t, last, await(t, leads, "the component of Leader runs").Token(), "one term for both")
		require.Equal(t, ha.ModeLeader, group.Status().Mode)
		if group.Status().Components[1].Starts == 1 {
			require.NoError(t, admin.CoordinationV1().Leases(namespace).Delete(t.Context(), "lock", metav1.DeleteOptions{}))
		}
	}
	cancel()
	require.NoError(t, await(t, result, "the Group ends"))
	require.Empty(t, *getLease(t, admin, namespace).Spec.HolderIdentity)
}

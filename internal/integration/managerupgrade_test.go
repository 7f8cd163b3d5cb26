package integration_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/regent-ha/regent/leaderelection"
)

// A rolling update: the old replica keeps its Lease the way controller-runtime
// does, the new one follows an Elector on the same Lease.
func TestManagerTakesOverFromAnOldOne(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	makeConfigMap(t, namespace, "one")
	old, _ := newManaged(t, a, cfg, namespace, "old", nil)
	_ = old.follow(t, cfg, namespace, func(_ *leaderelection.ManagerLink, o *manager.Options) {
		o.BaseContext, o.LeaderElectionResourceLockInterface, o.LeaderElectionReleaseOnCancel = nil, nil, true
		o.LeaderElectionID, o.LeaderElectionNamespace, o.LeaderElectionConfig = "lock", namespace, cfg
		o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = new(5*time.Second), new(3*time.Second), new(time.Second)
	})
	old.start(t, old.mgr.Start)
	old.next(t)

	next, _ := newManaged(t, a, cfg, namespace, "new", nil)
	var err error
	next.elector, err = leaderelection.NewElector(leaderelection.Config{
		Lock: newLease(t, newClient(t, cfg), namespace), Identity: "new", Foreign: leaderelection.ForeignAllow,
		LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second,
		Logger: slog.New(slog.NewTextHandler(next.log, nil)),
	})
	require.NoError(t, err)
	link := next.follow(t, cfg, namespace, nil)
	next.start(t, func(ctx context.Context) error { return link.Run(ctx, next.mgr) })
	eventually(t, "the new one sees the old", func() bool { return next.elector.Status().Holder != "" })
	require.False(t, next.elector.IsLeader())
	old.stop()
	require.NoError(t, await(t, old.result, "the old one ends"))
	require.Positive(t, next.next(t).term.Token())
	require.Equal(t, "new", *getLease(t, newClient(t, cfg), namespace).Spec.HolderIdentity)
}

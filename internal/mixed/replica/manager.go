package replica

import (
	"context"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/regent-ha/regent/internal/journal"
)

// runManager uses controller-runtime's manager, whose work is a runnable. On
// SIGTERM it waits for that before it releases; after a loss it does not wait,
// and the process ends.
func runManager(ctx context.Context, o options, job *job) error {
	cfg, err := o.config()
	if err != nil {
		return err
	}
	log.SetLogger(logr.Discard())
	mgr, err := manager.New(cfg, manager.Options{
		LeaderElection: true, LeaderElectionID: o.name, LeaderElectionNamespace: o.namespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &o.lease, RenewDeadline: &o.renew, RetryPeriod: &o.retry,
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		return err
	}
	err = mgr.Add(manager.RunnableFunc(func(leading context.Context) error {
		job.work(leading, 0)
		return nil
	}))
	if err != nil {
		return err
	}
	job.journal.Write(journal.Line{Kind: journal.Standby})
	return mgr.Start(ctx)
}

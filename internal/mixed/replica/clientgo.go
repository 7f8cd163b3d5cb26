package replica

import (
	"context"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/internal/journal"
)

// runClientGo uses client-go's elector with as much care as it asks for: its
// context ends after the work has returned, because it releases the lock
// without waiting for that; and after a loss the process ends.
func runClientGo(ctx context.Context, o options, job *job) error {
	cfg, err := o.config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	elect, stopElecting := context.WithCancel(context.Background())
	defer stopElecting()
	name := os.Getenv("POD_NAME")
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: o.namespace, Name: o.name},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: o.lease, RenewDeadline: o.renew, RetryPeriod: o.retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				leading, cancel := context.WithCancel(leading)
				defer cancel()
				defer context.AfterFunc(ctx, cancel)()
				job.work(leading, 0)
			},
			OnStoppedLeading: func() {},
			OnNewLeader: func(leader string) {
				if leader != name {
					job.journal.Write(journal.Line{Kind: journal.Standby})
				}
			},
		},
	})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() {
		job.join()
		stopElecting()
	})()
	elector.Run(elect)
	if ctx.Err() == nil {
		return errLost
	}
	return nil
}

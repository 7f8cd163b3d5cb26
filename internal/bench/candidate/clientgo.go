package candidate

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// clientGo is client-go's elector, unmodified, on client-go's own lock, with
// ReleaseOnCancel, and without Events.
type clientGo struct {
	elector  *leaderelection.LeaderElector
	identity string

	mu   sync.Mutex // guards the field below
	lead func(context.Context)
}

func newClientGo(client *Client, cfg Config, identity string) (*clientGo, error) {
	c := &clientGo{identity: identity}
	var err error
	c.elector, err = leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: cfg.Namespace, Name: cfg.Name},
			Client:     client.Set.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		},
		LeaseDuration: cfg.Lease, RenewDeadline: cfg.Renew, RetryPeriod: cfg.Retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: c.started,
			OnStoppedLeading: func() {},
		},
	})
	return c, err
}

// Run starts it again after each loss, as a restart of the process would. It
// does not wait for lead, as client-go's does not.
func (c *clientGo) Run(ctx context.Context, lead func(context.Context)) error {
	c.mu.Lock()
	c.lead = lead
	c.mu.Unlock()
	quiet := klog.NewContext(ctx, logr.Discard())
	for ctx.Err() == nil {
		c.elector.Run(quiet)
	}
	return nil
}

func (c *clientGo) started(ctx context.Context) {
	c.mu.Lock()
	lead := c.lead
	c.mu.Unlock()
	lead(ctx)
}

func (c *clientGo) Identity() string { return c.identity }

func (c *clientGo) StandsBy(holder string) bool { return c.elector.GetLeader() == holder }

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/audit"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/narrator"
)

// handling is how long the replicas take for one change, so that there is
// always something to interrupt.
const handling = 40 * time.Millisecond

// scenes plays them one after the other, with the writer and client-go's
// elector beside them in the group.
func (d *demo) scenes(ctx context.Context, group *errgroup.Group) error {
	usual := timings{15 * time.Second, 10 * time.Second, 2 * time.Second}
	d.Title("1. A rolling update: SIGTERM to the leader\n   (%s: the defaults)", usual)
	if err := d.start(ctx, usual); err != nil {
		return err
	}
	writing, stopWriting := context.WithCancel(ctx)
	defer stopWriting()
	written := beside(group, func() error { return d.writer.Run(writing) })
	d.Say("a writer makes %d changes a second: new pods, and changes of old ones; the leader takes %v for each", audit.ChangesPerSecond, handling)
	enough := make(chan struct{})
	compared := beside(group, func() error {
		return d.peer.run(ctx, enough, min(d.rounds, 3), d.cluster.flags(d.cluster.admin, usual))
	})
	d.Say("beside them, three replicas with client-go's elector: same API server, same timings, same SIGTERM")
	for range d.rounds {
		if err := d.handOver(ctx); err != nil {
			return err
		}
	}

	short := timings{3 * time.Second, 2 * time.Second, 500 * time.Millisecond}
	d.Title("2. Crashes and a pause\n   (%s:\n   shorter than you would choose, so that you need not wait long)", short)
	if err := d.fleet.StopAll(); err != nil {
		return err
	}
	d.Say("all replicas were terminated; three new ones start, with that lease")
	if err := d.start(ctx, short); err != nil {
		return err
	}
	for range d.kills {
		if err := d.kill(ctx, short); err != nil {
			return err
		}
	}
	if err := d.pause(ctx, short); err != nil {
		return err
	}

	d.Title("3. The end")
	stopWriting()
	close(enough)
	d.Begin("waiting for client-go's elector to end its hand-over")
	if err := wait(ctx, written, compared); err != nil {
		return err
	}
	return d.end(ctx)
}

// start starts the replicas, with a lease of these timings.
func (d *demo) start(ctx context.Context, t timings) error {
	flags := append(d.cluster.flags(d.cluster.account, t), "-listen=", "-journal", "-handling="+handling.String())
	if err := d.fleet.StartAll(ctx, flags...); err != nil {
		return err
	}
	leader, elected, others, err := d.fleet.Leader()
	switch {
	case errors.Is(err, fleet.ErrSeveralLead):
		d.Say("%v", err) // what comes of it is told at the end
		return nil
	case err != nil:
		return err
	}
	d.Say("%s leads with token %d; %s stand by", leader.Name, elected.Token, strings.Join(others, " and "))
	return nil
}

// end waits until the last change is handled and the last replica has ended.
func (d *demo) end(ctx context.Context) error {
	d.Begin("waiting for the leader to handle the last of %s", narrator.Count(len(d.writer.Written()), "change"))
	if err := d.handled(ctx); err != nil {
		return err
	}
	if err := d.fleet.StopAll(); err != nil {
		return err
	}
	d.Say("all replicas were terminated and ended with exit code 0")
	return d.watch.End(ctx)
}

// handled waits until each change is handled, or nothing has been for a while:
// the verdict tells who is lost.
func (d *demo) handled(ctx context.Context) error {
	const while = 5 * time.Second
	missing := func() int { return len(audit.Missing(d.writer.Written(), d.watch.Applied())) }
	last, deadline := missing(), time.Now().Add(while)
	for last > 0 && time.Now().Before(deadline) {
		if err := pass(ctx, 10*time.Millisecond); err != nil {
			return err
		}
		if now := missing(); now < last {
			last, deadline = now, time.Now().Add(while)
		}
	}
	return nil
}

// timings are those of a lock.
type timings struct{ lease, renew, retry time.Duration }

func (t timings) String() string {
	return fmt.Sprintf("lease %v, renew deadline %v, retry period %v", t.lease, t.renew, t.retry)
}

// flags are those that both programs know.
func (c *cluster) flags(kubeconfig string, t timings) []string {
	return []string{
		"-kubeconfig=" + kubeconfig, "-namespace=" + c.namespace,
		"-lease-duration=" + t.lease.String(), "-renew-deadline=" + t.renew.String(), "-retry-period=" + t.retry.String(),
	}
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/narrator"
)

// lockName is the lock's, by default and in the example's Role.
const lockName = "leader-election-controller"

// kill ends the leader without a warning and starts a replica in its place.
func (d *demo) kill(ctx context.Context, t timings) error {
	if err := pass(ctx, time.Second); err != nil {
		return err
	}
	leader, former, _, err := d.fleet.Leader()
	if err != nil {
		return err
	}
	killed := journal.Now()
	if err := d.fleet.Kill(leader); err != nil {
		return err
	}
	renewed, err := d.cluster.renewed(ctx, leader.Name)
	if err != nil {
		return err
	}
	expires := renewed + t.lease
	d.Say("SIGKILL to %s, %s after its last renewal: nobody leads until its lease runs out, at %s", leader.Name, narrator.Milliseconds(killed-renewed), d.At(expires))
	next, err := d.fleet.Successor(ctx, former)
	if err != nil {
		return err
	}
	d.succeeds(next, expires)
	return d.fleet.Start(ctx)
}

// succeeds notes how late the next leader is.
func (d *demo) succeeds(next journal.Line, expires time.Duration) {
	late := next.At - expires
	d.figures.late = append(d.figures.late, late)
	d.Say("%s leads with token %d, %s after that lease ran out", next.Replica, next.Token, narrator.Milliseconds(late))
}

// renewed is when the holder of the lock last renewed it, as it wrote itself.
func (c *cluster) renewed(ctx context.Context, holder string) (time.Duration, error) {
	client, err := kubernetes.NewForConfig(c.plane.Config())
	if err != nil {
		return 0, err
	}
	lease, err := client.CoordinationV1().Leases(c.namespace).Get(ctx, lockName, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	spec := lease.Spec
	if spec.HolderIdentity == nil || spec.RenewTime == nil || !strings.HasPrefix(*spec.HolderIdentity, holder) {
		return 0, fmt.Errorf("the lease is not held by %s: %+v", holder, spec)
	}
	return journal.Now() - time.Since(spec.RenewTime.Time), nil
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// lockName is the lock's, by default and in the example's Role.
const lockName = "leader-election-controller"

// kill ends the leader without a warning and starts a replica in its place.
func (d *demo) kill(ctx context.Context, t timings) error {
	if err := pass(ctx, time.Second); err != nil {
		return err
	}
	leader, former, err := d.fleet.leader()
	if err != nil {
		return err
	}
	killed := journal.Now()
	if err := leader.kill(); err != nil {
		return err
	}
	d.fleet.forget(leader)
	renewed, err := d.cluster.renewed(ctx, leader.name)
	if err != nil {
		return err
	}
	expires := renewed + t.lease
	d.say("SIGKILL to %s, %s after its last renewal: its lease runs out in %s", leader.name, ms(killed-renewed), ms(expires-killed))
	next, err := d.fleet.successor(ctx, former)
	if err != nil {
		return err
	}
	late := next.At - expires
	d.figures.late = append(d.figures.late, late)
	d.say("%s leads with token %d, %s after that lease ran out", next.Replica, next.Token, ms(late))
	return d.fleet.start(ctx)
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

// pause stops the leader in the middle of its work until another leads, and
// lets it go on.
func (d *demo) pause(ctx context.Context, t timings) error {
	leader, former, err := d.fleet.leader()
	if err != nil {
		return err
	}
	pending, err := d.stopAtWork(ctx, leader)
	if err != nil {
		return err
	}
	renewed, err := d.cluster.renewed(ctx, leader.name)
	if err != nil {
		return err
	}
	d.say("SIGSTOP to %s while it handles %s: it does not see time pass", leader.name, pending)
	next, err := d.fleet.successor(ctx, former)
	if err != nil {
		return err
	}
	late := next.At - renewed - t.lease
	d.figures.late = append(d.figures.late, late)
	d.say("%s leads with token %d, %s after the lease ran out", next.Replica, next.Token, ms(late))
	if _, err := d.fleet.ledger.await(ctx, next.Replica+" handles "+pending.String(), func(line journal.Line) bool {
		return line.Kind == journal.Handled && line.Token == next.Token && line.Pod == pending.pod && line.Change == pending.number
	}); err != nil {
		return err
	}
	d.say("%s handles %s in its place", next.Replica, pending)

	resumed := journal.Now()
	if err := leader.resume(); err != nil {
		return err
	}
	from := func(kind journal.Kind) func(journal.Line) bool {
		return func(line journal.Line) bool {
			return line.Kind == kind && line.Replica == leader.name && line.At > resumed
		}
	}
	refused, err := d.fleet.ledger.await(ctx, leader.name+" refuses its pending write", from(journal.Refused))
	if err != nil {
		return err
	}
	d.figures.refused++
	d.say("SIGCONT to %s: it wants to write, and is refused %s later: token %d < %d", leader.name, ms(refused.At-resumed), refused.Token, next.Token)
	if _, err := d.fleet.ledger.await(ctx, leader.name+" stands by", from(journal.Standby)); err != nil {
		return err
	}
	d.say("%s stands by again, in the same process", leader.name)
	return nil
}

// stopAtWork stops the leader while it handles a change that it has just
// begun with. Should it be done with it in that instant, it gets another try.
func (d *demo) stopAtWork(ctx context.Context, leader *process) (change, error) {
	const tries = 5
	for range tries {
		now := journal.Now()
		begun, err := d.fleet.ledger.await(ctx, leader.name+" begins to handle a change", func(line journal.Line) bool {
			return line.Kind == journal.Begins && line.Replica == leader.name && line.At > now
		})
		if err != nil {
			return change{}, err
		}
		if err := leader.pause(); err != nil {
			return change{}, err
		}
		if err := pass(ctx, 50*time.Millisecond); err != nil { // what it said before is read by then
			return change{}, err
		}
		_, done := d.fleet.ledger.find(func(line journal.Line) bool {
			return line.At > begun.At && line.Replica == leader.name && line.Kind != journal.Begins && line.Pod == begun.Pod
		})
		if !done {
			return change{begun.Pod, begun.Change}, nil
		}
		if err := leader.resume(); err != nil {
			return change{}, err
		}
	}
	return change{}, fmt.Errorf("%s could not be stopped at work in %d tries", leader.name, tries)
}

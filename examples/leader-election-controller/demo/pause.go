package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/audit"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/narrator"
)

// pause stops the leader in the middle of its work until another leads and
// has done that work, and lets it go on.
func (d *demo) pause(ctx context.Context, t timings) error {
	leader, former, _, err := d.fleet.Leader()
	if err != nil {
		return err
	}
	pending, err := d.stopAtWork(ctx, leader)
	if err != nil {
		return err
	}
	renewed, err := d.cluster.renewed(ctx, leader.Name)
	if err != nil {
		return err
	}
	expires := renewed + t.lease
	d.Say("SIGSTOP to %s while it handles %s: it does not see time pass; its lease runs out at %s", leader.Name, pending, d.At(expires))
	next, err := d.fleet.Successor(ctx, former)
	if err != nil {
		return err
	}
	d.succeeds(next, expires)
	if _, err := d.fleet.Ledger.Await(ctx, next.Replica+" handles "+pending.String(), func(line journal.Line) bool {
		return line.Kind == journal.Handled && line.Token == next.Token && of(line) == pending
	}); err != nil {
		return err
	}
	d.Say("%s has handled %s", next.Replica, pending)
	return d.resume(ctx, leader, pending, next)
}

// resume lets a leader go on that has been succeeded while it was stopped.
func (d *demo) resume(ctx context.Context, leader *fleet.Process, pending audit.Change, next journal.Line) error {
	resumed := journal.Now()
	if err := leader.Resume(); err != nil {
		return err
	}
	end, err := d.fleet.Ledger.Await(ctx, leader.Name+" ends its work", func(line journal.Line) bool {
		return line.Replica == leader.Name && of(line) == pending && line.At > resumed
	})
	if err != nil {
		return err
	}
	if end.Kind != journal.Refused {
		return fmt.Errorf("%s, which leads no longer, went on with %s: %s", leader.Name, pending, end.Kind)
	}
	d.Say("SIGCONT to %s: its write is refused %s later: its lease has run out, its token %d is lower than %d", leader.Name, narrator.Milliseconds(end.At-resumed), end.Token, next.Token)
	if _, err := d.fleet.Ledger.Await(ctx, leader.Name+" stands by", func(line journal.Line) bool {
		return line.Replica == leader.Name && line.Kind == journal.Standby && line.At > resumed
	}); err != nil {
		return err
	}
	d.Say("%s stands by again, in the same process", leader.Name)
	return nil
}

// stopAtWork stops the leader in the first half of its work on some changes,
// and returns one of them. Should one be further, the leader gets another try.
//
// So does one that had marked that change before: as long as its cache does not
// show its own mark, a leader may begin with a change anew, to learn at the
// write that the pod has changed. Nobody would handle that change again.
//
// There is a moment that no lease can guard: a process that is stopped between
// its last look at the clock and its request sends that when it goes on. What
// makes it harmless then is the version in the request (see handler.go), and
// the verdict would count it all the same: it is a write of two leaders at once.
func (d *demo) stopAtWork(ctx context.Context, leader *fleet.Process) (audit.Change, error) {
	const tries = 200
	for range tries {
		now := journal.Now()
		begun, err := d.fleet.Ledger.Await(ctx, leader.Name+" begins to handle a change", func(line journal.Line) bool {
			return line.Kind == journal.Begins && line.Replica == leader.Name && line.At > now
		})
		if err != nil {
			return audit.Change{}, err
		}
		if err := d.fleet.Pause(leader); err != nil {
			return audit.Change{}, err
		}
		stopped := journal.Now()
		if err := pass(ctx, 50*time.Millisecond); err != nil { // what it did before is known by then
			return audit.Change{}, err
		}
		pending, working := of(begun), d.working(leader)
		open, err := d.watch.Open(ctx, pending)
		if err != nil {
			return audit.Change{}, err
		}
		if _, still := working[pending]; still && open && stopped-slices.Min(slices.Collect(maps.Values(working))) < handling/2 {
			return pending, nil
		}
		if err := leader.Resume(); err != nil {
			return audit.Change{}, err
		}
	}
	return audit.Change{}, fmt.Errorf("%s could not be stopped at work in %d tries; mend: give it a less busy machine", leader.Name, tries)
}

// working is what a replica is at work on, and since when.
func (d *demo) working(leader *fleet.Process) map[audit.Change]time.Duration {
	since := make(map[audit.Change]time.Duration)
	for _, line := range d.fleet.Ledger.All() {
		switch {
		case line.Replica != leader.Name || line.Pod == "":
		case line.Kind == journal.Begins:
			since[of(line)] = line.At
		default:
			delete(since, of(line))
		}
	}
	return since
}

// of is the change that a line is about.
func of(line journal.Line) audit.Change { return audit.Change{Pod: line.Pod, Number: line.Change} }

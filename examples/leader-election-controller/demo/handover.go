package main

import (
	"context"
	"fmt"
	"time"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/narrator"
)

// handover is one change of the leader by SIGTERM, by one clock for all.
type handover struct {
	handlers int           // that ended after the signal
	drain    time.Duration // from the signal until the last had
	release  time.Duration // from then until the next leader works
	signal   time.Duration // both
}

// handOver terminates the leader and starts a replica in its place.
func (d *demo) handOver(ctx context.Context) error {
	if err := pass(ctx, 400*time.Millisecond); err != nil { // some work for this leader
		return err
	}
	leader, former, _, err := d.fleet.Leader()
	if err != nil {
		return err
	}
	sent := journal.Now()
	if err := leader.Terminate(); err != nil {
		return err
	}
	next, err := d.fleet.Successor(ctx, former)
	if err != nil {
		return err
	}
	if err := d.fleet.Retire(leader); err != nil {
		return err
	}
	if next.Token <= former.Token {
		return fmt.Errorf("%s has token %d, not above %d of %s before it", next.Replica, next.Token, former.Token, former.Replica)
	}
	h, err := measure(d.fleet.Ledger.All(), former, next, sent)
	if err != nil {
		return err
	}
	d.figures.handovers = append(d.figures.handovers, h)
	d.Say("SIGTERM to %s: it drained %s in %s and released;\n%s leads with token %d, %s after the signal",
		leader.Name, narrator.Count(h.handlers, "handler"), narrator.Milliseconds(h.drain), next.Replica, next.Token, narrator.Milliseconds(h.signal))
	return d.fleet.Start(ctx)
}

// measure reads the figures from the journals of both leaders.
func measure(lines []journal.Line, former, next journal.Line, sent time.Duration) (handover, error) {
	h := handover{signal: next.At - sent}
	for _, line := range lines {
		if line.Replica != former.Replica || line.Token != former.Token || line.At < sent {
			continue
		}
		switch line.Kind {
		case journal.Handled, journal.Outdated, journal.Refused, journal.Failed:
			h.handlers++
		case journal.Drained:
			h.drain, h.release = line.At-sent, next.At-line.At
		}
	}
	if h.drain == 0 {
		return h, fmt.Errorf("%s did not say that it has drained", former.Replica)
	}
	return h, nil
}

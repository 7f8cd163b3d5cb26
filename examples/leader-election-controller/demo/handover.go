package main

import (
	"context"
	"fmt"
	"time"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// handover is one change of the leader by SIGTERM, by one clock for all.
type handover struct {
	inFlight int           // handlers at work when the signal came
	drain    time.Duration // from the cancellation of the work until the last had returned
	signal   time.Duration // from the signal until the next leader works
	release  time.Duration // from the return of the last handler until then
}

// handOver terminates the leader and starts a replica in its place.
func (d *demo) handOver(ctx context.Context) error {
	if err := pass(ctx, 400*time.Millisecond); err != nil { // some work for this leader
		return err
	}
	leader, former, err := d.fleet.leader()
	if err != nil {
		return err
	}
	sent := journal.Now()
	if err := leader.terminate(); err != nil {
		return err
	}
	next, err := d.fleet.successor(ctx, former)
	if err != nil {
		return err
	}
	if err := d.fleet.retire(leader); err != nil {
		return err
	}
	if next.Token <= former.Token {
		return fmt.Errorf("%s has token %d, not above %d of %s before it", next.Replica, next.Token, former.Token, former.Replica)
	}
	h, err := d.measure(former, next, sent)
	if err != nil {
		return err
	}
	d.figures.handovers = append(d.figures.handovers, h)
	d.say("SIGTERM to %s: it drained %s in %s and released;", leader.name, count(h.inFlight, "handler"), ms(h.drain))
	d.more("%s leads with token %d, %s after the signal, %s after the drain", next.Replica, next.Token, ms(h.signal), ms(h.release))
	return d.fleet.start(ctx)
}

// measure reads the figures from the journals of both leaders.
func (d *demo) measure(former, next journal.Line, sent time.Duration) (handover, error) {
	var cancelled, drained time.Duration
	working := make(map[change]bool)
	for _, line := range d.fleet.ledger.all() {
		if line.Replica != former.Replica || line.Token != former.Token {
			continue
		}
		switch line.Kind {
		case journal.Cancelled:
			cancelled = line.At
		case journal.Drained:
			drained = line.At
		case journal.Begins:
			if line.At < sent {
				working[change{line.Pod, line.Change}] = true
			}
		case journal.Handled, journal.Outdated, journal.Refused, journal.Failed:
			if line.At < sent {
				delete(working, change{line.Pod, line.Change})
			}
		}
	}
	if cancelled == 0 || drained == 0 {
		return handover{}, fmt.Errorf("%s did not say that it was cancelled and drained", former.Replica)
	}
	return handover{inFlight: len(working), drain: drained - cancelled, signal: next.At - sent, release: next.At - drained}, nil
}

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// terms are all that have begun so far, by what replicas said.
func (t *team) terms() []journal.Line {
	var terms []journal.Line
	for _, line := range t.fleet.Ledger.All() {
		if line.Kind == journal.Leads {
			terms = append(terms, line)
		}
	}
	slices.SortFunc(terms, func(a, b journal.Line) int { return cmp.Compare(a.Token, b.Token) })
	return terms
}

// changed counts how often another replica came to lead than before.
func changed(terms []journal.Line) (changes int) {
	for i, line := range terms {
		if i > 0 && line.Replica != terms[i-1].Replica {
			changes++
		}
	}
	return changes
}

// leader is the slot that leads, and what it said at its election; nil: nobody
// does. Of two that say so it is the one with the higher token.
func (t *team) leader() (*slot, journal.Line) {
	var term journal.Line
	for _, line := range t.fleet.Ledger.All() {
		switch {
		case line.Kind == journal.Leads && line.Token > term.Token:
			term = line
		case (line.Kind == journal.Cancelled || line.Kind == journal.Drained) && line.Token == term.Token:
			term.Replica = ""
		}
	}
	for _, s := range t.slots {
		if s.process != nil && s.process.Name == term.Replica {
			return s, term
		}
	}
	return nil, term
}

// settled waits until somebody leads, and has for a while.
func (t *team) settled(ctx context.Context, calm time.Duration) (term journal.Line, err error) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		now := journal.Now()
		s, line := t.leader()
		if s != nil && now >= line.At+calm {
			t.missing = append(t.missing, max(0, line.At-t.healed))
			return line, nil
		}
		if now > t.healed+hopeless+calm {
			return line, fmt.Errorf("nobody leads %v after the faults were over", now-t.healed)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return line, context.Cause(ctx)
		}
	}
}

// hopeless is when nobody is waited for any more.
const hopeless = 30 * time.Second

// successor waits for a term with a higher token.
func (t *team) successor(ctx context.Context, former journal.Line) error {
	_, err := t.fleet.Ledger.Await(ctx, "another leads than "+former.Replica, func(line journal.Line) bool {
		return line.Kind == journal.Leads && line.Token > former.Token
	})
	return err
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

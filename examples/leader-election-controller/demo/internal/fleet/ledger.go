package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// patience is how long anything that must happen may take, beyond the lease
// durations that are part of it.
const patience = 30 * time.Second

// ledger collects what the replicas of a fleet say, in the order in which it
// is read: pipes are not in step, so use Line.At to compare.
type ledger struct {
	mu    sync.Mutex // guards the fields below
	lines []journal.Line
	more  chan struct{} // closed when there are more; nil: nobody waits
}

func (l *ledger) add(line journal.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

// all returns what was said so far.
func (l *ledger) all() []journal.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// find returns the last line that matches, by time.
func (l *ledger) find(match func(journal.Line) bool) (last journal.Line, ok bool) {
	for _, line := range l.all() {
		if match(line) && line.At >= last.At {
			last, ok = line, true
		}
	}
	return last, ok
}

// await returns the first line that matches, also one that is there already.
func (l *ledger) await(ctx context.Context, what string, match func(journal.Line) bool) (journal.Line, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("waited %v in vain until %s", patience, what))
	defer cancel()
	for from := 0; ; {
		lines, more := l.since(from)
		if i := slices.IndexFunc(lines, match); i >= 0 {
			return lines[i], nil
		}
		from += len(lines)
		select {
		case <-more:
		case <-ctx.Done():
			return journal.Line{}, context.Cause(ctx)
		}
	}
}

func (l *ledger) since(from int) (lines []journal.Line, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.lines[from:len(l.lines):len(l.lines)], l.more
}

package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/regent-ha/regent/internal/journal"
)

// Ledger collects what the replicas of a fleet say, in the order in which it
// is read: pipes are not in step, so use Line.At to compare.
type Ledger struct {
	mu    sync.Mutex // guards the fields below
	lines []journal.Line
	more  chan struct{} // closed when there are more; nil: nobody waits
}

// Add adds a line.
func (l *Ledger) Add(line journal.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

// All returns what was said so far.
func (l *Ledger) All() []journal.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// Await returns the first line that matches, also one that is there already.
func (l *Ledger) Await(ctx context.Context, what string, match func(journal.Line) bool) (journal.Line, error) {
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

func (l *Ledger) since(from int) (lines []journal.Line, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.lines[from:len(l.lines):len(l.lines)], l.more
}

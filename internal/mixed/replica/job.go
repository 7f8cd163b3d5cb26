package replica

import (
	"context"
	"sync"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// tick is the time between two signs of work.
const tick = 5 * time.Millisecond

// job is the work of a leader.
type job struct {
	journal *journal.Journal
	drain   time.Duration

	mu sync.Mutex // held while it works
}

// work says all the time that it works, until ctx has ended and then for as
// long as it takes to return.
func (j *job) work(ctx context.Context, token uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	say := func(kind journal.Kind) { j.journal.Write(journal.Line{Kind: kind, Token: token}) }
	say(journal.Leads)
	defer say(journal.Drained)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			say(journal.Cancelled)
			for end := time.After(j.drain); ; {
				select {
				case <-end:
					return
				case <-ticker.C:
					say(Works)
				}
			}
		case <-ticker.C:
			say(Works)
		}
	}
}

// join waits for the end of work that has begun.
func (j *job) join() {
	j.mu.Lock()
	defer j.mu.Unlock()
}

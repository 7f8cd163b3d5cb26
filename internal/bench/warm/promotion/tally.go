package promotion

import (
	"context"
	"sync"
	"time"
)

// took is what one promotion took, from the election.
type took struct{ first, all time.Duration }

// tally notes when objects are handled, one promotion after another.
type tally struct {
	objects int

	mu      sync.Mutex // guards the fields below
	elected time.Time
	first   time.Time
	seen    map[string]struct{}
	done    chan took // has room for the one value that it gets in a round
}

func newTally(objects int) *tally { return &tally{objects: objects} }

// reset begins a round.
func (t *tally) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.elected, t.first = time.Time{}, time.Time{}
	t.seen, t.done = make(map[string]struct{}, t.objects), make(chan took, 1)
}

// lead notes the election.
func (t *tally) lead() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.elected = time.Now()
}

// handle notes that the handler was called for an object at a time, and has
// what it needs.
func (t *tally) handle(called time.Time, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first.IsZero() || called.Before(t.first) {
		t.first = called
	}
	if _, ok := t.seen[name]; ok {
		return
	}
	t.seen[name] = struct{}{}
	if len(t.seen) == t.objects {
		t.done <- took{t.first.Sub(t.elected), time.Since(t.elected)}
	}
}

// wait returns what the round took. failed is where it says that there is
// nothing to wait for.
func (t *tally) wait(ctx context.Context, failed <-chan error) (took, error) {
	select {
	case d := <-t.done:
		return d, nil
	case err := <-failed:
		return took{}, errEarly(err)
	case <-ctx.Done():
		return took{}, ctx.Err()
	}
}

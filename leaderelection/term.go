package leaderelection

import (
	"context"
	"sync"
	"time"
)

// Term is one period of leadership. All methods are safe for concurrent use.
type Term struct {
	token    uint64
	identity string
	now      func() time.Duration // nil: unbounded
	done     chan struct{}

	mu       sync.Mutex // guards the fields below
	deadline time.Duration
	ended    bool
}

func newTerm(token uint64, identity string, now func() time.Duration, deadline time.Duration) *Term {
	return &Term{token: token, identity: identity, now: now, deadline: deadline, done: make(chan struct{})}
}

func unboundedTerm() *Term { return &Term{done: make(chan struct{})} }

// Token is higher than that of every earlier term of the lock, whoever led.
// Give it to what you write to, so that it can refuse a lower one. 0: the term
// is unbounded, and nobody else leads.
func (t *Term) Token() uint64 { return t.token }

// Identity is the holder's.
func (t *Term) Identity() string { return t.identity }

// Valid reports whether this process still holds the lock, and no other can
// have taken it. It stays true while the work drains after a shutdown, as long
// as renewals succeed. It reads a clock that goes on while the machine
// sleeps, so it is right even before the context's cancellation arrives.
func (t *Term) Valid() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.ended && (t.now == nil || t.now() < t.deadline)
}

// Deadline is when the term ends if no renewal succeeds. Each renewal moves
// it. The zero time: never.
func (t *Term) Deadline() time.Time {
	if t.now == nil {
		return time.Time{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().Add(t.deadline - t.now())
}

// Done is closed when the term is no longer valid, for good: it was lost, or
// its lock is being released. lead's context ends earlier, with the order to
// stop: between the two the work may drain.
func (t *Term) Done() <-chan struct{} { return t.done }

func (t *Term) extend(deadline time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deadline = max(t.deadline, deadline)
}

func (t *Term) until() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.deadline
}

func (t *Term) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		close(t.done)
	}
}

type termKey struct{}

func withTerm(ctx context.Context, t *Term) context.Context {
	return context.WithValue(ctx, termKey{}, t)
}

// TermFromContext returns the term of a context that lead was called with, or
// of one made from it.
func TermFromContext(ctx context.Context) (*Term, bool) {
	t, ok := ctx.Value(termKey{}).(*Term)
	return t, ok
}

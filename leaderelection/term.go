package leaderelection

import (
	"context"
	"time"
)

// Term is one period of leadership. All methods are safe for concurrent use.
type Term struct {
	token    uint64
	identity string
	left     func() time.Duration // until the deadline; nil: there is none
	done     <-chan struct{}
}

// TermConfig describes a term that a [Runner] of one's own grants.
type TermConfig struct {
	// Token is higher than that of every earlier term. 0: nobody else leads.
	Token uint64
	// Identity is the holder's.
	Identity string
	// Deadline is when the term ends if nothing extends it. It is called at each
	// use of the term, from any goroutine. nil: there is no deadline.
	Deadline func() time.Time
	// Done is closed when the term is no longer valid, for good. nil: never.
	Done <-chan struct{}
}

// NewTerm returns a term for the context that a [Runner] calls lead with; see
// [WithTerm]. The Runner ends it by closing Done, after lead has returned or
// when the leadership is lost.
func NewTerm(cfg TermConfig) *Term {
	t := &Term{token: cfg.Token, identity: cfg.Identity, done: cfg.Done}
	if deadline := cfg.Deadline; deadline != nil {
		t.left = func() time.Duration { return time.Until(deadline()) }
	}
	return t
}

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
	select {
	case <-t.done:
		return false
	default:
		return t.left == nil || t.left() > 0
	}
}

// Deadline is when the term ends if no renewal succeeds. Each renewal moves
// it. The zero time: never.
func (t *Term) Deadline() time.Time {
	if t.left == nil {
		return time.Time{}
	}
	return time.Now().Add(t.left())
}

// Done is closed when the term is no longer valid, for good: it was lost, or
// its lock is being released. lead's context ends earlier, with the order to
// stop: between the two the work may drain.
func (t *Term) Done() <-chan struct{} { return t.done }

type termKey struct{}

// WithTerm returns a context that carries t, as a [Runner] gives it to lead.
func WithTerm(ctx context.Context, t *Term) context.Context {
	return context.WithValue(ctx, termKey{}, t)
}

// TermFromContext returns the term of a context that lead was called with, or
// of one made from it.
func TermFromContext(ctx context.Context) (*Term, bool) {
	t, ok := ctx.Value(termKey{}).(*Term)
	return t, ok && t != nil
}

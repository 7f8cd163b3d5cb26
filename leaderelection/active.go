package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
)

// activeTerm is a term and the works that run in it. Its watchdog cancels them
// at the deadline whatever the loop is doing.
type activeTerm struct {
	term *Term
	e    *Elector

	mu       sync.Mutex // guards the fields below
	works    map[*work]struct{}
	deadline time.Duration
	over     chan struct{} // closed when the term is valid no longer, for good
	cause    error         // why it ended; nil = it has not
	endedAt  time.Duration
	fenceAt  time.Duration
	fenced   bool
	joined   bool // all works have returned after the end
	told     bool // observers know that it ended
	overruns int
	timer    *time.Timer
}

// work is one Run's part in a term.
type work struct {
	term   *activeTerm
	run    *run
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// watchdogPeriod bounds how late the watchdog notices that the machine has
// slept: timers do not count that time, the clock does.
const watchdogPeriod = time.Second

func (l *loop) startTerm(a core.StartTerm) {
	e := l.e
	t := &activeTerm{
		e: e, works: make(map[*work]struct{}), over: make(chan struct{}),
		deadline: a.Sent + e.cfg.RenewDeadline, fenceAt: a.Sent + e.cfg.fence(),
	}
	t.term = &Term{token: a.Token, identity: e.cfg.Identity, left: t.left, done: t.over}
	t.mu.Lock()
	t.timer = time.AfterFunc(0, t.watch)
	t.mu.Unlock()
	l.term = t
	e.term.Store(t)
	l.update()
	l.log.Info("elected", "token", a.Token)
	e.observe(Event{Kind: EventElected, Token: a.Token, Holder: e.cfg.Identity})
	for r := range l.runs {
		if !r.leaving && !r.ended {
			l.startWork(r)
		}
	}
}

func (l *loop) startWork(r *run) {
	w := &work{term: l.term, run: r}
	w.ctx, w.cancel = context.WithCancelCause(WithTerm(context.WithoutCancel(r.ctx), l.term.term))
	if !l.term.enter(w) {
		return // the deadline has passed just now; the core will say so
	}
	r.work = w
	r.start <- w
}

// enter adds a work, unless the term has ended.
func (t *activeTerm) enter(w *work) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cause != nil {
		return false
	}
	t.works[w] = struct{}{}
	return true
}

// leave removes a work that has returned, and counts those that have not.
func (t *activeTerm) leave(w *work) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.works, w)
	return len(t.works)
}

// ending is why the term ended; nil = it has not.
func (t *activeTerm) ending() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cause
}

// end cancels all works, at once. lost: nothing of the term is valid any more.
func (t *activeTerm) end(lost bool, cause error) {
	now := t.e.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if lost {
		t.expire()
	}
	if t.cause != nil {
		return
	}
	t.cause, t.endedAt = cause, now
	for w := range t.works {
		w.cancel(cause)
	}
	t.timer.Reset(0)
}

// expire makes the term invalid for good. t.mu is held.
func (t *activeTerm) expire() {
	select {
	case <-t.over:
	default:
		close(t.over)
	}
}

// left is the time to the deadline.
func (t *activeTerm) left() time.Duration {
	t.mu.Lock()
	deadline := t.deadline
	t.mu.Unlock()
	return deadline - t.e.now()
}

func (t *activeTerm) extend(sent time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deadline = max(t.deadline, sent+t.e.cfg.RenewDeadline)
	t.fenceAt, t.fenced = max(t.fenceAt, sent+t.e.cfg.fence()), false
}

// watch is the watchdog: it ends the term at its deadline, fences works that
// have not returned, and reports a drain that takes too long.
func (t *activeTerm) watch() {
	now := t.e.now()
	if !t.term.Valid() {
		t.end(true, ErrDeadline)
		t.e.send(deadlinePassed{t})
	}
	t.mu.Lock()
	if t.joined {
		t.mu.Unlock()
		return
	}
	cause, draining := t.cause, t.cause != nil
	next := now + watchdogPeriod
	if !draining {
		next = min(next, t.deadline)
	}
	var fence, overrun bool
	if now >= t.fenceAt {
		fence, t.fenced = !t.fenced, true
	} else {
		next = min(next, t.fenceAt)
	}
	if draining {
		period := t.e.cfg.DrainTimeout
		due := t.endedAt + time.Duration(t.overruns+1)*period
		if overrun = now >= due; overrun {
			t.overruns = int((now - t.endedAt) / period)
			due = t.endedAt + time.Duration(t.overruns+1)*period
		}
		next = min(next, due)
	}
	if fence {
		t.e.observe(Event{Kind: EventFenced, Token: t.term.token, Err: cause})
	}
	since := now - t.endedAt
	if overrun {
		t.e.observe(Event{Kind: EventOverrun, Token: t.term.token, Err: cause, Took: since})
	}
	expired := now - (t.fenceAt - t.e.cfg.fence() + t.e.cfg.LeaseDuration)
	t.timer.Reset(max(next-now, time.Millisecond))
	t.mu.Unlock()
	if fence { // first: it keeps others from being harmed
		t.reportFence(cause, expired)
	}
	if overrun {
		t.reportOverrun(cause, since)
	}
}

func (t *activeTerm) reportOverrun(cause error, since time.Duration) {
	t.e.log.Error("the work has not returned: the lock is kept meanwhile", "token", t.term.token, "reason", cause, "for", since)
	if f := t.e.cfg.OnOverrun; f != nil && !t.hasJoined() {
		f(Overrun{Token: t.term.token, Cause: cause, For: since})
	}
}

func (t *activeTerm) reportFence(cause error, expired time.Duration) {
	if expired < 0 {
		t.e.log.Error("the lease is about to expire and the work still runs: another may lead beside it; see Config.OnFence",
			"token", t.term.token, "reason", cause, "expires_in", -expired)
	} else {
		t.e.log.Error("the lease has expired and the work still runs: another may lead beside it; see Config.OnFence",
			"token", t.term.token, "reason", cause, "expired_ago", expired)
	}
	if f := t.e.cfg.OnFence; f != nil && !t.hasJoined() {
		f(Fence{Token: t.term.token, Cause: cause})
	}
}

// endTerm cancels the work before anything else happens. The core says so
// twice if a term that drains is lost as well.
func (l *loop) endTerm(a core.EndTerm) {
	t := l.term
	if t == nil {
		return
	}
	t.end(causeOf(a))
	t.mu.Lock()
	cause, first, works := t.cause, !t.told, len(t.works) // the watchdog may have been faster
	t.told = true
	t.mu.Unlock()
	l.update()
	if first {
		l.logEnd(t, cause)
		l.e.observe(Event{Kind: EventEnded, Token: t.term.token, Err: cause, Holder: a.Holder})
	}
	if works == 0 {
		l.drained(t)
	}
}

// hasJoined reports whether all works have returned after the end.
func (t *activeTerm) hasJoined() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.joined
}

// logEnd says why a term ended, and what stood behind it.
func (l *loop) logEnd(t *activeTerm, cause error) {
	level, more := slog.LevelWarn, []any{"token", t.term.token, "reason", cause}
	switch {
	case errors.Is(cause, ErrShutdown), errors.Is(cause, ErrSteppedDown):
		level = slog.LevelInfo
	case errors.Is(cause, ErrDeadline) && l.failed.now:
		more = append(more, "error", l.failed.last)
	}
	l.log.Log(context.Background(), level, "term ended", more...)
}

// drained: all works of an ended term have returned.
func (l *loop) drained(t *activeTerm) {
	now := l.e.now()
	t.mu.Lock()
	if t.joined {
		t.mu.Unlock()
		return
	}
	t.joined = true
	t.timer.Stop()
	took := now - t.endedAt
	t.expire()
	t.mu.Unlock()
	l.term = nil
	l.log.Info("drained", "token", t.term.token, "took", took)
	l.e.observe(Event{Kind: EventDrained, Token: t.term.token, Took: took})
	l.e.send(joined{})
}

func causeOf(a core.EndTerm) (lost bool, cause error) {
	switch a.Cause {
	case core.CauseTaken:
		return true, fmt.Errorf("%w: %q", ErrTaken, a.Holder)
	case core.CauseDeleted:
		return true, ErrDeleted
	case core.CauseSteppedDown:
		return false, ErrSteppedDown
	case core.CauseShutdown:
		return false, ErrShutdown
	}
	return true, ErrDeadline
}

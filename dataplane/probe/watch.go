package probe

import (
	"context"
	"math/rand/v2"
	"time"
)

// watch is a target with its state; all of it is guarded by the Prober's mu.
type watch struct {
	target  Target
	group   *group
	verdict verdict
	since   time.Time // of the verdict
	changes int

	ctx   context.Context // ends with the watch
	stop  context.CancelFunc
	timer *time.Timer
	gone  bool
	check *check // under way; nil = none

	lastAt  time.Time
	latency time.Duration
	lastErr error
}

// check is one that waits for its place, or runs.
type check struct {
	begun   time.Time // zero: it waits
	overdue bool
}

// jitter is the part of an interval that is left out at most.
const jitter = 1. / 20

// grace is the part of an interval that a check has to return in after its
// timeout, with an error that says more than ErrHung. Target.Timeout, this and
// jitter leave it to end before the next check.
const grace = 40

// start lets the target be checked, for the first time after a while. p.mu is
// held.
func (p *Prober) start(w *watch, after time.Duration) {
	w.ctx, w.stop = context.WithCancel(p.ctx)
	w.timer = time.AfterFunc(after, func() { p.tick(w) })
}

// end lets it be checked no more. p.mu is held.
func (w *watch) end() {
	w.gone = true
	if w.timer != nil {
		w.timer.Stop()
		w.stop()
	}
}

// tick is each Interval.
func (p *Prober) tick(w *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.gone || p.phase != running {
		return
	}
	w.timer.Reset(time.Duration(float64(w.target.Interval) * (1 - jitter*rand.Float64())))
	switch {
	case w.check == nil:
		c, ctx := new(check), w.ctx
		w.check = c
		p.checks.Go(func() { p.run(ctx, w, c) })
	case w.check.overdue:
		p.took(w, ErrHung, time.Since(w.check.begun))
	}
}

// run is a check from its waiting for a place to its result.
func (p *Prober) run(ctx context.Context, w *watch, c *check) {
	select {
	case p.places <- struct{}{}:
	default:
		p.late.Add(1)
		select {
		case p.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
	defer func() { <-p.places }()

	p.mu.Lock()
	target := w.target
	c.begun = time.Now()
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, target.Timeout)
	defer cancel()
	alarm := time.AfterFunc(target.Timeout+target.Interval/grace, func() { p.overdue(w, c) })
	err := target.Probe.Check(ctx, target.destination())
	alarm.Stop()
	if err == nil && ctx.Err() != nil {
		err = ErrHung
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	w.check = nil
	if !c.overdue {
		p.took(w, err, time.Since(c.begun))
	}
}

// overdue is when a check did not heed that its timeout has passed.
func (p *Prober) overdue(w *watch, c *check) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.check == c && !c.overdue {
		c.overdue = true
		p.took(w, ErrHung, time.Since(c.begun))
	}
}

// took takes in the result of a check. p.mu is held.
func (p *Prober) took(w *watch, err error, latency time.Duration) {
	if w.gone || p.ctx.Err() != nil { // the check failed since it was told to end
		return
	}
	now := time.Now()
	w.lastAt, w.latency, w.lastErr = now, latency, err
	before, waited := w.verdict.state, w.verdict.waits()
	w.verdict.result(err == nil, now, w.target, p.cfg.Damping)
	if w.verdict.state != before {
		p.turned(w, before, now, waited && w.verdict.state == Up)
	}
	if w.verdict.state != before || w.verdict.waits() != waited {
		p.count(w.group, now)
	}
}

// turned tells that the state is another one than before. p.mu is held.
func (p *Prober) turned(w *watch, before State, now time.Time, released bool) {
	w.since = now
	w.changes++
	change := TargetChange{
		Group: w.target.Group, Endpoint: w.target.Endpoint, From: before, To: w.verdict.state, At: now, Released: released,
	}
	if w.verdict.state == Down {
		change.Reason = w.lastErr
	}
	p.report(news{target: &change})
}

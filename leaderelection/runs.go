package leaderelection

import (
	"context"
	"errors"
	"fmt"

	"github.com/regent-ha/regent/leaderelection/internal/core"
)

// run is one call of Run.
type run struct {
	ctx    context.Context
	start  chan *work // to the goroutine of Run, which waits for it
	result chan error

	// The loop's own:
	work    *work // while it runs
	leaving bool  // ctx has ended
	ended   bool  // Run returns err once the lock is settled
	err     error
}

func (l *loop) join(r *run) {
	l.runs[r] = struct{}{}
	l.step(core.Campaign{Gone: l.e.state.gone()})
	if l.term != nil && l.term.ending() == nil {
		l.startWork(r)
	}
}

func (l *loop) leave(r *run) {
	if _, ok := l.runs[r]; !ok || r.leaving {
		return
	}
	r.leaving = true
	if r.work == nil {
		r.end(nil)
		if len(l.runs) > 1 { // it waits for no drain but its own
			l.finish(r)
		}
	} else {
		r.work.cancel(ErrShutdown)
	}
	l.withdrawIfLast()
}

// withdrawIfLast ends the campaign when no Run wants to lead any more.
func (l *loop) withdrawIfLast() {
	for r := range l.runs {
		if !r.leaving && !r.ended {
			return
		}
	}
	l.step(core.Withdraw{Cause: core.CauseShutdown})
}

func (r *run) end(err error) {
	if !r.ended {
		r.ended, r.err = true, err
	}
}

// returned takes in that the work of one Run has returned, and, after the last
// of the term, lets the lock go.
func (l *loop) returned(m returned) {
	w := m.work
	cause := context.Cause(w.ctx)
	w.cancel(nil)
	w.run.work = nil
	switch {
	case cause == nil: // by itself
		w.run.end(m.err)
	case w.run.leaving:
		l.logResult(m.err, cause)
		w.run.end(nil)
	default:
		l.logResult(m.err, cause)
		if l.e.cfg.ExitOnLoss && !errors.Is(cause, ErrSteppedDown) {
			w.run.end(fmt.Errorf("%w: %w", ErrLeadershipLost, cause))
		}
	}
	l.withdrawIfLast()
	if w.term.leave(w) > 0 || w.term.ending() == nil {
		return
	}
	l.step(core.Expired{}) // the watchdog may know of the end before the core
	l.drained(w.term)
}

func (l *loop) logResult(err, cause error) {
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, cause) {
		l.log.Warn("work ended with an error", "error", err, "reason", cause)
	}
}

// finishRuns lets those Runs return that have ended.
func (l *loop) finishRuns() {
	for r := range l.runs {
		if r.ended && r.work == nil {
			l.finish(r)
		}
	}
}

// finish lets one Run return.
func (l *loop) finish(r *run) {
	delete(l.runs, r)
	l.e.state.leave()
	r.result <- r.err
}

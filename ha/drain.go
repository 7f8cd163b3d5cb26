package ha

import (
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

const (
	// lossGrace is how long after a loss a component may take to return before
	// that is reported: at the default timings of an election others may lead
	// 4 s after it.
	lossGrace = time.Second
	// overrunInterval is how often a component that does not return is
	// reported again.
	overrunInterval = 10 * time.Second
	// leastShare is what a component gets of a budget that is used up.
	leastShare = 100 * time.Millisecond
)

// stop ends what a Group runs, in order. served: it was ready once. gone: the
// Runner has returned.
func (r *run) stop(cause error, served bool, gone <-chan struct{}) {
	delay := r.g.cfg.ShutdownDelay
	if !served {
		delay = 0
	}
	if delay > 0 {
		r.logger.Info("serving on meanwhile: others have to hear that this replica ends", "for", delay)
	}
	first, all := time.Duration(len(r.leader)), time.Duration(len(r.leader)+len(r.always))
	share := time.NewTimer(time.Until(r.drainDeadline())*first/all + (first+1)*leastShare)
	defer share.Stop()
	<-time.After(delay)
	select {
	case <-gone:
	case <-r.settled:
	case <-share.C: // the Runner does not return, and calls nothing
	}
	r.stopInOrder(r.always, cause, func(time.Time) (time.Time, int) { return r.drainDeadline(), 0 }, nil)
	r.join(r.always)
	r.joinRunner(gone)
	for _, p := range r.parts() {
		p.change(func() { p.final = true })
	}
}

func (r *run) drainDeadline() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deadline
}

// budget says until when a drain that began at a time should be over, and how
// many components beside those of the list have to share in it.
type budget func(began time.Time) (deadline time.Time, others int)

// stopInOrder tells the parts to stop, the last first, and each of the others
// once the one behind it has returned or used up its share of the budget. When
// lost is closed, all are told at once.
func (r *run) stopInOrder(parts []*part, cause error, b budget, lost <-chan struct{}) {
	began := time.Now()
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		if !p.goesOn() {
			continue // it has returned by itself
		}
		start := time.Now()
		p.tell(cause)
		switch r.awaitShare(p, i+1, began, b, lost) {
		case hasOverrun:
			r.watch(p, start, cause, 0)
		case isLost:
			r.watch(p, start, cause, lossGrace)
			r.stopAtOnce(parts[:i], cause)
			return
		case hasReturned:
		}
	}
}

// outcome is how a wait for a part ended.
type outcome int

const (
	hasReturned outcome = iota
	hasOverrun
	isLost
)

// awaitShare waits for one part, which shares the budget with those before it.
func (r *run) awaitShare(p *part, among int, began time.Time, b budget, lost <-chan struct{}) outcome {
	ordered := r.ordered
	if r.stopping() != nil {
		ordered = nil
	}
	for {
		deadline, others := b(began)
		share := time.NewTimer(max(time.Until(deadline)/time.Duration(among+others), leastShare))
		select {
		case <-p.done():
			share.Stop()
			return hasReturned
		case <-share.C:
			return hasOverrun
		case <-lost:
			share.Stop()
			return isLost
		case <-ordered: // while a term drains: another budget
			share.Stop()
			ordered = nil
		}
	}
}

// stopAtOnce tells all parts to stop, the last first.
func (r *run) stopAtOnce(parts []*part, cause error) {
	start := time.Now()
	for i := len(parts) - 1; i >= 0; i-- {
		parts[i].tell(cause)
	}
	for _, p := range parts {
		r.watch(p, start, cause, lossGrace)
	}
}

// watch reports a part that does not return in time, again and again until it
// does.
func (r *run) watch(p *part, start time.Time, cause error, in time.Duration) {
	call := p.done()
	r.tasks.Go(func() {
		timer := time.NewTimer(in)
		defer timer.Stop()
		for overran := false; ; {
			select {
			case <-call:
				if overran {
					r.logger.Info("a component that overran has returned", "component", p.Name, "took", time.Since(start))
				}
				return
			case <-timer.C:
			}
			if !overran && !p.overrun(call) {
				continue // it has returned
			}
			overran = true
			r.report(p, inRun, start, cause)
			timer.Reset(overrunInterval)
		}
	})
}

// join waits until the Run of all parts has returned.
func (r *run) join(parts []*part) {
	for _, p := range parts {
		if done := p.done(); done != nil {
			<-done
		}
	}
}

// joinRunner waits until the Runner has returned.
func (r *run) joinRunner(gone <-chan struct{}) {
	again := time.NewTicker(overrunInterval)
	defer again.Stop()
	for {
		select {
		case <-gone:
			return
		case <-again.C:
			r.logger.Warn("the Runner has not returned: the leadership may not have been given up", "for", r.g.cfg.DrainTimeout-time.Until(r.drainDeadline()))
		}
	}
}

// joinTasks waits until nothing of the components runs, and reports what is
// left of them.
func (r *run) joinTasks() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.tasks.Wait()
	}()
	start := time.Now()
	timer := time.NewTimer(max(time.Until(r.drainDeadline()), leastShare))
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		}
		for _, p := range r.parts() {
			if p.warmGoesOn() {
				r.report(p, inWarm, start, leaderelection.ErrShutdown)
			}
		}
		timer.Reset(overrunInterval)
	}
}

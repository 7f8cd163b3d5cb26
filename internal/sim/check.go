package sim

import (
	"fmt"
	"slices"
	"time"
)

// began checks a term that starts: nobody else may be at work.
func (p *play) began(w *work) {
	who := w.process
	who.note("work %d leads with token %d", w.run, w.Token)
	p.mu.Lock()
	w.order = p.order(w)
	p.mu.Unlock()
	for _, other := range p.everybody() {
		for _, theirs := range other.working() {
			if other != who || theirs.Token != w.Token || w.Token == 0 {
				p.overlap(w, theirs)
			}
		}
	}
	who.mu.Lock()
	who.works = append(who.works, w)
	who.mu.Unlock()
}

// order counts terms.
func (p *play) order(w *work) int {
	if last := p.latest; last != nil && last.process == w.process && last.Token == w.Token && w.Token > 0 {
		return last.order
	}
	p.terms++
	p.latest = w
	return p.terms
}

// overlap judges work that starts while other work runs.
func (p *play) overlap(w, theirs *work) {
	who, other := w.process, theirs.process
	reason, valid := p.excuse(w, theirs), false
	if !other.clock.stopped() {
		valid = theirs.Valid()
	}
	switch {
	case !valid && theirs.slept.Load() && p.now() < other.clock.ran()+prompt+other.Drain:
		p.count(afterStop)
	case reason != "":
		p.count(reason)
	case !valid && (other.Work == Overruns || other.Work == Ignores):
		if p.strict && !other.fenced() {
			p.broken(other, Unfenced, "its work with token %d runs on while %s starts", theirs.Token, who.name)
			return
		}
		p.count(afterOverrun)
	case who.identity == other.identity && who != other:
		p.broken(who, SameIdentity, "starts with token %d, and %s leads with token %d", w.Token, other.name, theirs.Token)
	case valid:
		p.broken(who, TwoTerms, "has token %d, and that of %s, %d, is valid still", w.Token, other.name, theirs.Token)
	default:
		p.brokenBy(other, theirs, TwoWorks, "%s starts with token %d, and the work of %s with token %d has not returned (cancelled: %v)",
			who.name, w.Token, other.name, theirs.Token, theirs.over())
	}
}

func (p *process) fenced() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fences > 0
}

// look checks what electors say of themselves, and what they do.
func (p *play) look() {
	p.rest()
	now := p.now()
	leaders := 0
	var valid []*work
	for _, proc := range p.everybody() {
		if proc.isDead() || proc.hasEnded() || proc.clock.stopped() {
			continue
		}
		works := proc.working()
		if p.check(proc, works, now) {
			leaders++
		}
		for _, w := range works {
			if w.Valid() {
				valid = append(valid, w)
				break
			}
		}
	}
	for i, w := range valid {
		for _, v := range valid[:i] {
			if p.excuse(w, v) == "" && p.excuse(v, w) == "" {
				p.broken(w.process, TwoTerms, "has token %d, and %s token %d", w.Token, v.process.name, v.Token)
			}
		}
	}
	if leaders > 0 {
		p.led = now
	}
	p.lively(now, leaders)
}

// check checks one process, and reports whether it leads.
func (p *play) check(proc *process, works []*work, now time.Duration) bool {
	held := p.truth.holds(proc)
	proc.mu.Lock()
	loss, last := proc.loss, proc.last
	proc.mu.Unlock()
	working := false
	for _, w := range works {
		if w.over() {
			continue
		}
		working = true
		if loss > 0 && now-loss > prompt && w.began < loss {
			rule := KnownLoss
			if p.gone() {
				rule = KnownGone
			}
			p.brokenBy(proc, w, rule, "has seen %v ago that its lock is lost, and its work with token %d goes on", now-loss, w.Token)
		}
		switch age := proc.age(held); {
		case now < proc.clock.ran()+prompt: // it is told as soon as its process runs again
		case p.strict && age > proc.Renew+prompt:
			p.broken(proc, PastDeadline, "its work with token %d goes on %v after the last renewal was sent", w.Token, age)
		case now-held.sent > proc.Lease:
			p.brokenBy(proc, w, PastLease, "its work with token %d goes on %v after the last renewal was sent", w.Token, now-held.sent)
		}
	}
	leads := proc.elector.IsLeader()
	if leads && now-held.sent > proc.Lease {
		p.brokenBy(proc, nil, Untrue, "says that it leads %v after the last renewal was sent", now-held.sent)
	}
	if p.strict {
		p.compare(proc, Facts{Working: working, Works: len(works), Leads: leads, Last: last})
	}
	return leads
}

// compare holds what an elector says against the facts. A contradiction that is
// gone at the next look is one of a timer that is late, by a clock that is fast.
func (p *play) compare(proc *process, is Facts) {
	found := proc.elector.Contradictions(is)
	for _, fault := range found {
		if slices.Contains(proc.suspect, fault) {
			p.broken(proc, Untrue, "%s", fault)
		}
	}
	proc.suspect = found
}

// age is how long ago the last write that counts was sent, by the process's
// clock.
func (p *process) age(h held) time.Duration {
	return time.Duration(float64(p.play.now()-h.sent) * p.Rate)
}

// prompt is how late a loss or a deadline may be noticed: the watchdog looks
// once a second, by a clock that may be 2.4 % off.
const prompt = 60 * time.Millisecond

// broken notes a violation.
func (p *play) broken(who *process, rule Rule, format string, args ...any) {
	p.brokenBy(who, nil, rule, format, args...)
}

func (p *play) brokenBy(who *process, w *work, rule Rule, format string, args ...any) {
	if p.truth.restored(rule) {
		p.count(afterRestore)
		return
	}
	v := Violation{Rule: rule, Text: fmt.Sprintf(format, args...)}
	if who != nil {
		v.Text = who.name + ": " + v.Text
		v.Flaw = who.elector.Flaw(rule, w)
	}
	p.note("", "BROKEN: %s: %s", rule, v.Text)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Violations = append(p.result.Violations, v)
}

// gone: there is no lock, or it has no holder.
func (p *play) gone() bool {
	s, ok := p.server.store.Get(lockName)
	return !ok || s.Holder == ""
}

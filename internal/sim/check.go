package sim

import "time"

// began checks a term that starts: nobody else may be at work, and its token
// is higher than all before it.
func (p *play) began(who *process, w *work) {
	p.note("%s leads with token %d", who.identity, w.Token)
	for _, other := range p.everybody() {
		theirs := other.working()
		if other == who || theirs == nil {
			continue
		}
		p.overlap(who, other, w, theirs)
	}
	p.mu.Lock()
	last := p.tokens
	p.tokens = max(p.tokens, w.Token)
	p.result.Terms++
	p.mu.Unlock()
	if w.Token > 0 && w.Token <= last && !p.excused() {
		p.fault("%s: token %d does not rise over %d", who.identity, w.Token, last)
	}
}

func (p *play) overlap(who, other *process, w, theirs *work) {
	switch {
	case theirs.Token > 0 && p.excused():
		p.mu.Lock()
		p.result.Excused++
		p.mu.Unlock()
	case theirs.Valid():
		p.fault("two terms: %s has token %d, and that of %s, %d, is valid still", who.identity, w.Token, other.identity, theirs.Token)
	case !theirs.slept:
		p.fault("two at work: %s starts with token %d, and the work of %s with token %d has not returned", who.identity, w.Token, other.identity, theirs.Token)
	}
}

// excused: the lock was deleted not long ago. A candidate that had not seen it
// held may then lead beside a leader that is cut off, until that one's
// deadline.
func (p *play) excused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.deleted.IsZero() && time.Since(p.deleted) < p.plan.Lease
}

// look checks what electors say of themselves.
func (p *play) look() {
	p.rest()
	for _, proc := range p.present() {
		proc.mu.Lock()
		w, paused := proc.work, proc.paused > 0
		leads := w != nil && !w.cancelled && w.Valid()
		proc.mu.Unlock()
		if says := proc.elector.IsLeader(); says != leads && !paused && !proc.isDead() && !(w != nil && w.cancelled) {
			p.fault("%s: IsLeader says %v, its work says %v", proc.identity, says, leads)
		}
	}
}

// settle requires a leader soon after the faults have ended.
func (p *play) settle() {
	p.note("nothing goes wrong from here on")
	// A foreign record, which a thief leaves, is given a grace; work may drain.
	limit := p.now() + p.plan.Lease + p.plan.Renew + 2*p.plan.Retry + p.plan.Lease
	for p.now() < limit {
		time.Sleep(100 * time.Millisecond)
		p.look()
		for _, proc := range p.present() {
			if proc.elector.IsLeader() {
				return
			}
		}
	}
	p.fault("nobody leads")
}

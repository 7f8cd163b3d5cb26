package sim

import "time"

// lively requires a leader where nothing has been in the way of one for a
// lease and two retries.
func (p *play) lively(now time.Duration, leaders int) {
	if leaders > 0 || !p.server.well() || p.over {
		return
	}
	waits := true // for what stands in the lock: who wrote it may not know of it
	if k := p.truth.keeper(); k != nil {
		if len(k.working()) > 0 && !k.clock.stopped() {
			p.led = now // the lock is kept for work that has not returned
			return
		}
		well, ok := k.wellSince()
		waits = !ok || well > p.truth.lastWrite() || k.ending()
		if !waits && now-p.truth.lastWrite() < prompt {
			return // it is about to hear that it leads
		}
	}
	since, bound := time.Duration(-1), time.Duration(0)
	for _, proc := range p.everybody() {
		well, ok := proc.wellSince()
		switch {
		case !ok:
			continue
		case proc.ending(), len(proc.working()) > 0:
			continue
		case since < 0 || well < since:
			since = well
		}
		bound = max(bound, p.plan.lease()+2*proc.Retry)
	}
	if since < 0 {
		return
	}
	p.truth.mu.Lock()
	since = max(since, p.truth.unsettled, p.led)
	if waits {
		since = max(since, p.truth.changed)
	}
	if p.truth.foreign {
		bound += p.plan.lease() // a grace
	}
	if p.truth.restoring() {
		bound += 2 * p.plan.lease() // versions that were seen before are not believed
	}
	p.truth.mu.Unlock()
	if bound = time.Duration(float64(bound) / 0.95); now-since > bound {
		p.broken(p.hanging(), Leaderless, "nor anybody else, for %v", now-since)
		p.led = now
	}
}

// hanging is a process that waits for an answer, if there is one, else any.
func (p *play) hanging() (who *process) {
	for _, proc := range p.present() {
		if who == nil || proc.link.hangs(proc.Lease) {
			who = proc
		}
	}
	return who
}

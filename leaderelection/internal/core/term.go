package core

import (
	"math"
	"slices"
	"time"

	"github.com/regent-ha/regent/lock"
)

// startTerm begins to lead: the write own made this candidate the holder.
func (c *Core) startTerm(own attempt) {
	c.phase = Leading
	c.holdUntil = 0
	c.term = term{token: own.token}
	c.hold(own)
	c.emit(StartTerm{Token: own.token, Sent: own.sent})
}

// hold takes note of a committed write that keeps this candidate the holder.
func (c *Core) hold(own attempt) {
	t := &c.term
	later := own.sent > t.sent && t.holding
	known := t.holding && own.nonce == t.nonce
	t.holding = true
	t.nonce, t.record = own.nonce, c.view.snapshot.Record
	t.sent = max(t.sent, own.sent)
	if own.token > t.token {
		t.token = own.token // withdrawn while it acquired: released with its own token
	}
	switch {
	case c.phase == Releasing && known: // a version more of what is being released
		if t.again {
			t.next, t.again = c.now, false
		}
		return
	case c.phase == Releasing:
		t.next = c.now
		t.giveUp = max(t.giveUp, c.releaseBy())
		return
	case later || t.next == 0:
		t.next = t.sent + c.cfg.First
		t.retries, t.settled = 0, c.nextID
	case t.again || !c.view.snapshot.Sealed || c.view.snapshot.Duration != c.cfg.Lease:
		t.next = min(t.next, c.now) // at once; what a hand has edited is mended
	}
	t.again = false
	if later {
		c.emit(ExtendTerm{Sent: t.sent})
	}
}

// endTerm cancels the work, before anything else is done about the loss.
func (c *Core) endTerm(cause Cause, holder string) {
	c.phase = Draining
	c.emit(EndTerm{Cause: cause, Holder: holder})
}

func (c *Core) workReturned() {
	if c.phase != Draining {
		return
	}
	c.phase = Releasing
	c.term.next = c.now
	c.term.giveUp = c.releaseBy()
}

// releaseBy is until when a release is worth trying: once even of a lock that
// has expired.
func (c *Core) releaseBy() Time {
	return max(c.now+c.cfg.Retry, min(c.now+c.cfg.Renew, c.term.sent+c.cfg.Lease))
}

// driveRenewal sends the renewal that is due. Until S+D each may run to S+D,
// so that a slow API server and a dead connection both leave several chances.
func (c *Core) driveRenewal() {
	t := &c.term
	if !t.holding || c.now < t.next {
		return
	}
	deadline := t.sent + c.cfg.Renew
	if deadline <= c.now {
		deadline = c.now + c.cfg.Renew
	}
	r := c.view.snapshot.Record
	record := lock.Record{
		Holder: c.cfg.Identity, Duration: c.cfg.Lease, Acquired: r.Acquired, Transitions: r.Transitions,
		Token: t.token, Candidates: c.withMe(r.Candidates),
	}
	c.write(WriteRenew, record, deadline)
	t.next = c.now + c.cfg.Retry
}

// driveRelease gives the lock up, and ends when it is not ours.
func (c *Core) driveRelease() {
	t := &c.term
	undecided := slices.ContainsFunc(c.attempts, func(a attempt) bool {
		return a.open && a.kind == WriteAcquire && a.base == c.view.snapshot.Version // else it cannot commit any more
	})
	switch {
	case !t.holding && !undecided:
		c.settle()
	case c.now >= t.giveUp:
		if t.holding {
			c.emit(Note{Kind: NoteReleaseFailed})
		}
		t.holding = false
		c.settle()
	case t.holding && c.now >= t.next:
		r := c.view.snapshot.Record
		record := lock.Record{
			Duration: time.Second, Transitions: r.Transitions, Token: t.token,
			Successor: t.successor, Candidates: r.Candidates,
		}
		if !c.campaigning {
			record.Candidates = without(r.Candidates, c.cfg.Identity, c.cfg.Pod)
		}
		c.write(WriteRelease, record, min(c.now+c.cfg.Renew, t.giveUp))
		t.next = c.now + c.cfg.Retry
	}
}

// settle leaves Releasing.
func (c *Core) settle() {
	if c.holdUntil == Never {
		c.holdUntil = c.now + 2*c.cfg.Retry + c.jitter(c.cfg.Retry/4)
	}
	c.nextTry = 0
	if c.campaigning {
		c.phase = Standby
		c.driveStandby()
		return
	}
	c.phase = Idle
	c.attempts = nil
	c.read, c.watch = reading{}, watching{}
	c.view, c.last, c.guard = view{}, last{}, 0
	c.takeAt, c.holdUntil, c.refused = Never, 0, false
	c.emit(Unwatch{})
	c.emit(Finished{})
}

// acquireRecord is the record of a new term.
func (c *Core) acquireRecord() lock.Record {
	s := c.view.snapshot
	r := lock.Record{
		Holder: c.cfg.Identity, Duration: c.cfg.Lease, Transitions: s.Transitions,
		Token: max(s.Revision(), s.Token, c.tokens) + 1, Candidates: c.withMe(s.Candidates),
	}
	if r.Transitions < math.MaxInt32 {
		r.Transitions++
	}
	return r
}

// withMe adds this candidate to the list; an earlier start of the same pod
// makes way.
func (c *Core) withMe(candidates []lock.Candidate) []lock.Candidate {
	if !c.cfg.Publish || c.listed(candidates) || c.view.exists && c.published == c.view.snapshot.UID {
		return candidates
	}
	return append(without(candidates, c.cfg.Identity, c.cfg.Pod), lock.Candidate{Identity: c.cfg.Identity, Pod: c.cfg.Pod})
}

func (c *Core) listed(candidates []lock.Candidate) bool {
	return slices.ContainsFunc(candidates, func(k lock.Candidate) bool { return k.Identity == c.cfg.Identity })
}

func without(candidates []lock.Candidate, identity, pod string) []lock.Candidate {
	return slices.DeleteFunc(slices.Clone(candidates), func(k lock.Candidate) bool {
		return k.Identity == identity || pod != "" && k.Pod == pod
	})
}

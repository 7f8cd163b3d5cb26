package core

import "github.com/regent-ha/regent/lock"

// driveStandby takes the lock if it may be taken now, and publishes this
// candidate.
func (c *Core) driveStandby() {
	c.judge()
	if c.now >= c.standbyWake() {
		c.nextTry = c.now + c.cfg.Retry
		switch {
		case !c.view.exists:
			c.write(WriteInsert, lock.Record{Duration: c.cfg.Lease, Candidates: c.withMe(nil)}, c.now+c.cfg.Renew)
		case c.mustTouch():
			c.touched = touch{nonce: c.view.snapshot.Nonce, next: c.nextTry}
			c.write(WriteTouch, c.view.snapshot.Record, c.now+c.cfg.Renew)
		default:
			c.write(WriteAcquire, c.acquireRecord(), c.now+c.cfg.Renew)
		}
		return
	}
	if c.now >= c.publishWake() {
		c.publishAt = c.now + c.cfg.Retry + c.jitter(c.cfg.Retry)
		record := c.view.snapshot.Record
		record.Candidates = c.withMe(record.Candidates)
		c.write(WritePublish, record, c.now+c.cfg.Renew)
	}
}

// canWrite: what would be replaced is known, and not in doubt.
func (c *Core) canWrite() bool { return c.view.known && !c.read.wanted }

func (c *Core) standbyWake() Time {
	if !c.canWrite() || c.takeAt == Never {
		return Never
	}
	at := max(c.takeAt, c.nextTry, c.quietTill)
	if c.mustTouch() && c.touched.nonce == c.view.snapshot.Nonce {
		at = max(at, c.touched.next) // its reply is due; the watch may be faster
	}
	return at
}

// mustTouch: the lock was held together with another one, which this candidate
// does not see, and whose holder may have a higher token since. A token that
// comes of a resourceVersion of now is higher still.
func (c *Core) mustTouch() bool {
	s := c.view.snapshot
	return c.view.exists && s.Joint && (c.touched.nonce != s.Nonce || c.touched.revision == 0 || s.Revision() < c.touched.revision)
}

// publishWake is when this candidate adds itself to the list: once per lock, so
// that two cannot push each other out for ever, and while a Regent leads, so
// that it is in nobody's way who takes the lock. Of a record that no Regent wrote
// each version counts as a renewal: to write there would keep a dead one alive.
func (c *Core) publishWake() Time {
	s := c.view.snapshot
	if !c.cfg.Publish || !c.canWrite() || c.view.holder() == "" || !s.Sealed || c.published == s.UID {
		return Never
	}
	return max(c.publishAt, c.quietTill)
}

// judge finds out when the lock in view may be taken.
func (c *Core) judge() {
	at, refused := c.mayTake()
	if refused && !c.refused {
		c.emit(Note{Kind: NoteRefused, Holder: c.view.holder(), Snapshot: c.view.snapshot})
	}
	c.takeAt, c.refused = at, refused
	if c.named() {
		c.holdUntil = 0
	}
	if at != Never {
		c.takeAt = max(at, c.guard, c.holdUntil)
	}
}

// named: this candidate is to take the lock, even if it has stepped down just
// now itself.
func (c *Core) named() bool {
	s := c.view.snapshot
	return c.holdUntil != Never && c.view.exists && s.Released() && s.Successor == c.cfg.Identity
}

func (c *Core) mayTake() (at Time, refused bool) {
	r := c.view.snapshot.Record
	switch {
	case !c.view.known:
		return Never, false
	case c.mine():
		return 0, false // this candidate's work has returned, and nobody else can be at work
	case c.left():
		return 0, false // likewise
	case !c.view.exists:
		return c.last.until, false // 0 if it was never seen held
	case r.Problem != nil && (!c.cfg.AllowForeign || isNewer(r.Problem)):
		return Never, true
	case r.Holder == "" && c.last.holder != "":
		if !r.Released() && r.Token != c.last.token { // somebody else has held it since
			return max(c.last.until, c.unknownHolder(c.view)), false
		}
		return c.last.until, false
	case r.Holder == "" && r.Released():
		if r.Successor != "" && r.Successor != c.cfg.Identity {
			return c.view.changed + c.cfg.Retry, false
		}
		return c.view.changed, false
	case r.Holder == "":
		return c.unknownHolder(c.view), false
	}
	if !r.Sealed && !c.cfg.AllowForeign {
		return Never, true
	}
	return c.view.changed + c.duration(r) + c.grace(r), false
}

// mine: the lock is this candidate's own, or was when it vanished.
func (c *Core) mine() bool {
	r := c.view.snapshot.Record
	if r.Holder == "" {
		return r.Problem == nil && c.vanishedUnderMe()
	}
	_, ours := c.ours()
	return ours && r.Problem == nil
}

// vanishedUnderMe: the lock was deleted or emptied while this candidate held
// it, and no other has held it since.
func (c *Core) vanishedUnderMe() bool {
	s := c.view.snapshot
	unheld := !c.view.exists || s.Token == c.term.token || s.Token == 0 && s.Released() // made anew
	return c.lastWasMe() && c.view.changed < c.term.sent+c.cfg.Renew && unheld
}

// unknownHolder is until when somebody may lead under a lock that was emptied:
// its duration may be that of a release, which others write over any record.
func (c *Core) unknownHolder(v view) Time {
	return v.changed + max(c.duration(v.snapshot.Record), c.cfg.Lease) + c.cfg.Grace
}

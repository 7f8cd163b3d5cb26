package core

import (
	"errors"
	"slices"
	"time"

	"github.com/regent-ha/regent/lock"
)

// view is the lock as this candidate knows it.
type view struct {
	known    bool // read at least once
	exists   bool
	snapshot lock.Snapshot
	floor    uint64 // the highest revision seen, also of a lock that is gone
	changed  Time   // when the record's last change was received
	epoch    uint64 // counts what was learnt
}

// last remembers who held a lock that does not say so any more.
type last struct {
	holder string
	nonce  string // of its last write
	sealed bool
	token  uint64
	wait   time.Duration // how long after its disappearance it counts as held
	until  Time          // Never while the lock still names it
}

// learn takes in what is stored in the lock, which is newer than the view.
func (c *Core) learn(exists bool, s lock.Snapshot) {
	before := c.view
	same := before.known && before.exists == exists && (!exists || sameRecord(before.snapshot, s))
	c.view.known, c.view.exists, c.view.snapshot = true, exists, s
	c.view.floor = max(c.view.floor, s.Revision())
	c.view.epoch++
	if !same {
		c.view.changed = c.now
	}
	if before.exists != exists || before.snapshot.Version != s.Version {
		c.nextTry = 0
	}
	c.tokens = max(c.tokens, s.Token)
	if exists && c.listed(s.Candidates) {
		c.published = s.UID
	}
	holder := ""
	if exists {
		holder = s.Holder
	}
	c.remember(holder, before)
	c.recall()
	c.settleOwnership()
	if !before.known || holder != before.holder() {
		c.emit(Note{Kind: NoteHolder, Holder: holder, Snapshot: s})
	}
	c.attempts = slices.DeleteFunc(c.attempts, func(a attempt) bool {
		return !a.open && a.base != s.Version && (a.nonce == "" || a.nonce != s.Nonce)
	})
}

func (v view) holder() string {
	if !v.exists {
		return ""
	}
	return v.snapshot.Holder
}

// sameRecord reports that nobody renewed between two versions of a lock: only
// candidates, labels or the like have changed. Of a record that no Regent
// sealed every version counts as a renewal.
func sameRecord(a, b lock.Snapshot) bool {
	return a.UID == b.UID && a.Sealed && b.Sealed && a.Nonce != "" && a.Nonce == b.Nonce || a.UID == b.UID && a.Version == b.Version
}

// remember keeps what is needed to wait for a holder that the lock does not
// name any more.
func (c *Core) remember(holder string, before view) {
	s := c.view.snapshot
	c.doubt(holder, before)
	if holder != "" && holder != c.cfg.Identity {
		c.term.nonce = "" // an own write of before that shows again is no claim: another has led since
	}
	switch {
	case holder != "":
		c.last = last{holder: holder, nonce: s.Nonce, sealed: s.Sealed, token: s.Token, wait: c.duration(s.Record) + c.grace(s.Record), until: Never}
	case c.view.exists && s.Released() && c.endsLast(s.Record):
		c.last = last{}
	case c.last.until == Never:
		c.last.until = c.now + c.last.wait
	}
}

// doubt guards against a holder whose lock vanished, or was made anew, and who
// was not seen to give it up: one who did not know of it may have held the lock
// since, and released it.
func (c *Core) doubt(holder string, before view) {
	s, l := c.view.snapshot, c.last
	if r := before.snapshot; before.exists && before.holder() == "" && !r.Released() && (l.holder == "" || r.Token != l.token) {
		c.guard = max(c.guard, c.unknownHolder(before)) // it was emptied under somebody unseen
	}
	if !c.view.exists || l.holder == "" || c.lastWasMe() && c.now < c.term.sent+c.cfg.Renew {
		return // nobody else is in doubt
	}
	switch later := holder != "" || !s.Sealed || s.Token != l.token && s.Token > 0; {
	case !later:
	case l.until != Never:
		c.guard = max(c.guard, l.until)
	case before.exists && before.snapshot.UID != s.UID:
		c.guard = max(c.guard, c.now+l.wait)
	}
}

// lastWasMe: it was this candidate's own write. The nonce alone does not say so:
// other clients leave it where it is when they take a lock.
func (c *Core) lastWasMe() bool {
	l := c.last
	return l.holder == c.cfg.Identity && l.sealed && l.nonce != "" && l.nonce == c.term.nonce
}

// endsLast reports whether a released record was released by the last holder,
// or by a later one. A lock that was just created is released by nobody.
func (c *Core) endsLast(r lock.Record) bool {
	if c.last.holder == "" {
		return true
	}
	if !r.Sealed {
		return true // client-go's form; Released has looked at whose it is
	}
	return r.Token > 0 && (!c.last.sealed || r.Token >= c.last.token)
}

func (c *Core) duration(r lock.Record) time.Duration {
	if r.Duration <= 0 || !r.Sealed && r.Duration < c.cfg.Lease {
		return c.cfg.Lease // a hand may have shortened it under one of our own
	}
	return r.Duration
}

func (c *Core) grace(r lock.Record) time.Duration {
	if c.foreign(r) {
		return c.cfg.Grace
	}
	return 0
}

// foreign: no Regent wrote it, or one with another configuration did.
func (c *Core) foreign(r lock.Record) bool { return !r.Sealed || r.Duration != c.cfg.Lease }

// stale: s is no newer than what is known.
func (c *Core) stale(s lock.Snapshot) bool {
	if !c.view.exists {
		return s.Revision() > 0 && s.Revision() <= c.view.floor
	}
	yes, ok := s.Newer(c.view.snapshot)
	return ok && !yes
}

// settleOwnership compares the view with what this candidate believes to hold.
func (c *Core) settleOwnership() {
	own, ours := c.ours()
	switch c.phase {
	case Leading, Draining, Releasing:
		if ours && (c.term.holding || c.phase == Releasing) {
			c.hold(own)
		} else {
			c.lose()
		}
	case Standby:
		if ours && own.kind == WriteAcquire && own.token > c.term.token && own.sent+c.cfg.Renew > c.now+c.cfg.Retry {
			c.startTerm(own)
		}
	}
}

// ours finds the write of this process that made the record in view, if one
// did.
func (c *Core) ours() (attempt, bool) {
	s := c.view.snapshot
	if !c.view.exists || s.Holder != c.cfg.Identity || s.Nonce == "" {
		return attempt{}, false
	}
	if s.Nonce == c.term.nonce {
		r := c.term.record
		unchanged := s.Acquired.Equal(r.Acquired) && s.Renewed.Equal(r.Renewed) && s.Transitions == r.Transitions
		return attempt{kind: WriteRenew, nonce: s.Nonce, token: c.term.token, sent: c.term.sent}, s.Sealed || unchanged
	}
	i := slices.IndexFunc(c.attempts, func(a attempt) bool { return a.nonce == s.Nonce })
	if i < 0 || !s.Sealed {
		return attempt{}, false
	}
	return c.attempts[i], true
}

// lose takes note that the lock is another's or nobody's.
func (c *Core) lose() {
	if c.phase == Releasing && c.term.holding && c.releasedByUs() {
		c.emit(Note{Kind: NoteReleased})
	}
	held := c.term.holding
	if held {
		c.disclaim()
	}
	c.term.holding = false
	if c.phase != Leading && !(c.phase == Draining && held) {
		return // a term that drains is told too: what it still writes has to stop
	}
	if holder := c.view.holder(); holder != "" {
		c.endTerm(CauseTaken, holder)
	} else {
		c.endTerm(CauseDeleted, "")
	}
}

func (c *Core) releasedByUs() bool {
	return slices.ContainsFunc(c.attempts, func(a attempt) bool {
		return a.kind == WriteRelease && a.nonce == c.view.snapshot.Nonce
	})
}

// heard notes that the API server answered, if err is an answer.
func (c *Core) heard(err error) {
	if err == nil || lock.Refused(err) || errors.Is(err, lock.ErrExpired) || lock.RetryAfter(err) > 0 {
		c.contact = c.now
	}
}

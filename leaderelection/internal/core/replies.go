package core

import (
	"errors"
	"slices"
	"time"

	"github.com/regent-ha/regent/lock"
)

func isNewer(problem error) bool { return errors.Is(problem, lock.ErrNewerRecord) }

func (c *Core) writeReply(e WriteReply) {
	i := slices.IndexFunc(c.attempts, func(a attempt) bool { return a.id == e.ID && a.open })
	if i < 0 {
		return // forgotten, or answered
	}
	c.heard(e.Err)
	c.attempts[i].open = false
	a := c.attempts[i]
	if e.Err == nil {
		c.committed(a, e.Snapshot)
		return
	}
	if lock.Refused(e.Err) && !errors.Is(e.Err, lock.ErrConflict) {
		c.attempts = slices.Delete(c.attempts, i, i+1) // certainly not committed
	} // a conflict may be with itself: clients repeat requests by themselves
	switch {
	case errors.Is(e.Err, lock.ErrConflict):
		c.beaten(a)
	case errors.Is(e.Err, lock.ErrNotFound):
		if c.view.exists {
			c.need() // whichever version it was to replace
		}
		c.beaten(a)
	case a.kind == WriteAcquire || a.kind == WriteInsert || a.kind.keeps():
		if d := c.retryAfter(e.Err); d > 0 {
			c.quietTill = max(c.quietTill, c.now+d)
		}
	default:
		c.postpone(e.Err)
	}
}

// committed: the store made the change.
func (c *Core) committed(a attempt, s lock.Snapshot) {
	if a.kind == WritePublish {
		c.published = s.UID // also of a store that keeps no candidates
	}
	if a.kind == WriteTouch && s.Nonce == c.touched.nonce {
		c.touched.revision = s.Revision()
	}
	if s.Nonce == "" && a.nonce != "" {
		s.Nonce, s.Sealed = a.nonce, true // a store that keeps no nonces
	}
	if c.stale(s) {
		return // superseded already, or seen by the watch
	}
	c.learn(true, s)
	c.watchOwes()
}

// beaten: another write came first, or the lock is gone. If the version that
// was to be replaced is the one in view, the view is old.
func (c *Core) beaten(a attempt) {
	t := &c.term
	if a.id <= t.settled {
		return // by one of our own
	}
	again := t.holding && t.retries < maxQuickRetries
	if again {
		t.retries++
	}
	switch {
	case a.base == c.base():
		c.need()
		t.again = again
	case again && !c.underWay():
		t.next = c.now
	}
}

// base is the version that a write would replace.
func (c *Core) base() string {
	if !c.view.exists {
		return ""
	}
	return c.view.snapshot.Version
}

// underWay: a write over the version in view was sent, and not answered yet.
func (c *Core) underWay() bool {
	base := c.base()
	return slices.ContainsFunc(c.attempts, func(a attempt) bool { return a.open && !a.kind.keeps() && a.base == base })
}

// maxQuickRetries is how many conflicts in a row are answered at once; the
// next waits for its turn, so that two writers cannot keep each other busy.
const maxQuickRetries = 4

// retryAfter is how long the API server wants to be left alone; a lease at
// most.
func (c *Core) retryAfter(err error) time.Duration {
	return min(lock.RetryAfter(err), c.cfg.Lease)
}

// postpone honours Retry-After as far as the deadline allows: one chance more
// is always left.
func (c *Core) postpone(err error) {
	t := &c.term
	if d := c.retryAfter(err); d > 0 {
		latest := max(t.next, t.sent+c.cfg.Renew-c.cfg.Retry)
		t.next = min(max(t.next, c.now+d), latest)
	}
}

// reading is the wish to know what is stored, and the reads sent for it.
type reading struct {
	wanted bool
	next   Time // when the next one is sent, whether or not the last was answered
	sent   []sentRead
}

type sentRead struct {
	id       uint64
	epoch    uint64 // what the view was then
	revision uint64
}

// need asks for a read.
func (c *Core) need() {
	if !c.read.wanted {
		c.read.wanted, c.read.next = true, c.now
	}
}

// driveRead sends a read, and another every P while none is answered: each may
// run for D, so that neither a slow API server nor a dead connection stops us.
func (c *Core) driveRead() {
	r := &c.read
	if !r.wanted || c.now < r.next {
		return
	}
	s := sentRead{id: c.id(), epoch: c.view.epoch}
	if c.view.exists {
		s.revision = c.view.snapshot.Revision()
	}
	r.sent = append(r.sent, s)
	if len(r.sent) > maxAttempts {
		r.sent = r.sent[1:]
	}
	c.emit(Read{ID: s.id, Deadline: c.now + c.cfg.Renew})
	r.next = c.now + c.cfg.Retry + c.jitter(c.cfg.Retry/5)
}

func (c *Core) readWake() Time {
	if !c.read.wanted {
		return Never
	}
	return c.read.next
}

func (c *Core) readReply(e ReadReply) {
	r := &c.read
	i := slices.IndexFunc(r.sent, func(s sentRead) bool { return s.id == e.ID })
	if i < 0 {
		return
	}
	sent := r.sent[i]
	r.sent = slices.Delete(slices.Clone(r.sent), i, i+1)
	c.heard(e.Err)
	missing := errors.Is(e.Err, lock.ErrNotFound)
	if missing {
		e.Snapshot = lock.Snapshot{} // whatever came beside the error
	}
	if e.Err != nil && !missing {
		if d := c.retryAfter(e.Err); d > 0 {
			r.next = max(r.next, c.now+d)
		}
		return
	}
	// What was learnt since the read was sent may be newer than its answer.
	current := sent.epoch == c.view.epoch
	exists := c.view.exists
	if !missing && exists {
		if yes, ok := e.Snapshot.Newer(c.view.snapshot); ok {
			restored := current && e.Snapshot.Revision() < sent.revision // from a backup
			if !yes && !restored {
				c.answered(current || e.Snapshot.Version == c.view.snapshot.Version)
				return
			}
			if restored {
				c.disown()
			}
			current = true
		}
	}
	if !missing && !exists && e.Snapshot.Revision() < c.view.floor {
		c.disown() // from a backup
	}
	if !current {
		c.answered(false)
		return
	}
	c.answered(true)
	if missing && !exists && c.view.known {
		return
	}
	if missing {
		c.attempts = slices.DeleteFunc(c.attempts, func(a attempt) bool { return a.base != "" }) // to what is gone
	} else {
		c.view.floor = 0 // it is what is stored now, also after a restore
	}
	c.learn(!missing, e.Snapshot)
	c.watchOwes()
}

// disown: what is stored may be an own write of before, but others have led since.
func (c *Core) disown() {
	c.attempts, c.term.nonce = nil, ""
	c.claims.gone = nil
	c.disclaim()
}

// answered ends the wish, or asks again at once if the answer was too old.
// Other reads may be under way: what they tell is taken in when it is newer.
func (c *Core) answered(good bool) {
	switch {
	case good:
		c.read.wanted = false
		c.watch.heard = c.now
	case c.read.wanted:
		c.read.next = c.now
	}
}

package core

import (
	"errors"

	"github.com/regent-ha/regent/lock"
)

// watching is the watch, or what stands in for it.
type watching struct {
	id      uint64 // of the one that runs; 0 = none
	version string // where the next one starts
	started Time
	next    Time   // earliest time of the next start
	heard   Time   // when the view was confirmed last, by the watch or a read
	seen    uint64 // the revision that it has reached
	owed    Time   // it must have reached the view's by then; 0 = it has
	denied  bool   // RBAC or the lock has none: poll
	told    bool
	poll    Time
	again   Time // when it is tried again all the same: a Role may come late
}

// driveWatch keeps a watch running, or polls.
func (c *Core) driveWatch() {
	w := &c.watch
	if !c.view.known || c.read.wanted {
		return
	}
	if w.owed != 0 && c.now >= w.owed {
		w.id, w.owed = 0, 0 // it is behind what is known: start another
	}
	if w.denied && c.now >= w.again {
		w.denied = false
	}
	switch {
	case w.denied:
		if c.now >= w.poll {
			w.poll = c.now + c.cfg.Retry + c.jitter(c.cfg.Retry/5)
			c.needSoon()
		}
	case w.id == 0 && c.now >= w.next:
		w.id, w.started, w.heard = c.id(), c.now, c.now
		w.version, w.seen = "", 0
		if c.view.exists {
			w.version, w.seen = c.view.snapshot.Version, c.view.snapshot.Revision()
		}
		c.emit(Watch{ID: w.id, Version: w.version})
	case w.id != 0 && c.now >= w.heard+c.silence():
		c.needSoon()
	}
}

// deniedLeases is for how many leases a denied watch is not asked for again.
const deniedLeases = 4

// silence is how long a watch may say nothing: each renewal is an event. A
// holder renews every third of its lease, at least, and a retry may be late;
// who notices only at the expiry that the watch is dead finds a lock that was
// renewed meanwhile, and waits anew.
func (c *Core) silence() Time {
	longest := c.cfg.Lease + c.cfg.Retry
	if c.view.holder() == "" {
		return longest
	}
	return min(longest, c.duration(c.view.snapshot.Record)/3+2*c.cfg.Retry)
}

// watchOwes expects the watch to show soon what was learnt from a reply.
func (c *Core) watchOwes() {
	w := &c.watch
	if w.id != 0 && c.view.exists && c.view.snapshot.Revision() > w.seen {
		w.owed = c.now + c.cfg.Retry
	}
}

// needSoon asks for a read and sends it in this step.
func (c *Core) needSoon() {
	c.need()
	c.driveRead()
}

func (c *Core) watchWake() Time {
	w := &c.watch
	switch {
	case !c.view.known || c.read.wanted:
		return Never
	case w.denied:
		return min(w.poll, w.again)
	case w.id == 0:
		return w.next
	case w.owed != 0:
		return min(w.owed, w.heard+c.silence())
	}
	return w.heard + c.silence()
}

func (c *Core) watchEvent(e WatchEvent) {
	w := &c.watch
	if e.ID != w.id || w.id == 0 {
		return
	}
	c.contact, w.heard = c.now, c.now
	s := e.Event.Snapshot
	w.seen = max(w.seen, s.Revision())
	if w.seen >= c.view.snapshot.Revision() {
		w.owed = 0
	}
	if e.Event.Bookmark {
		return
	}
	if !c.view.exists {
		if !e.Event.Deleted && s.Revision() > c.view.floor {
			c.learn(true, s)
		}
		return
	}
	yes, ok := s.Newer(c.view.snapshot)
	if e.Event.Deleted && s.UID != "" && s.UID == c.view.snapshot.UID {
		yes, ok = true, true // a UID that is gone does not come back
	}
	switch {
	case !ok:
		c.need()
	case yes && e.Event.Deleted:
		c.view.floor = max(c.view.floor, s.Revision())
		c.learn(false, lock.Snapshot{})
	case yes:
		c.learn(true, s)
	}
}

func (c *Core) watchEnded(e WatchEnded) {
	w := &c.watch
	if e.ID != w.id || w.id == 0 {
		return
	}
	w.id, w.owed = 0, 0
	w.next = max(c.now, w.started+c.cfg.Retry)
	switch {
	case e.Err == nil:
		c.contact = c.now
	case errors.Is(e.Err, lock.ErrForbidden), errors.Is(e.Err, errors.ErrUnsupported):
		w.denied, w.poll, w.again = true, c.now+c.cfg.Retry, c.now+deniedLeases*c.cfg.Lease
		if errors.Is(e.Err, errors.ErrUnsupported) {
			w.again = Never
		}
		if !w.told {
			w.told = true
			c.emit(Note{Kind: NotePolling, Err: e.Err})
		}
	default:
		c.heard(e.Err)
		c.need()
		c.read.next = min(w.next, c.read.next+c.jitter(c.cfg.Retry/5))
	}
}

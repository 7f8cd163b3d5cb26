package core

import "github.com/regent-ha/regent/lock"

// Status is what a candidate knows, for people.
type Status struct {
	Phase    Phase
	Snapshot lock.Snapshot // of the lock as it was seen last; zero if it does not exist
	Known    bool          // the lock was read at least once
	Refused  bool          // its record is not taken, whatever its age
	Contact  Time          // when the API server was heard of last
	Watching bool          // false: it is polled, or a watch is about to start
	TakeAt   Time          // when a standby takes the lock; Never if it may not
}

// Status returns what the candidate knows now.
func (c *Core) Status() Status {
	s := Status{
		Phase: c.phase, Known: c.view.known, Refused: c.refused, Contact: c.contact,
		Watching: c.watch.id != 0, TakeAt: c.takeAt,
	}
	if c.view.exists {
		s.Snapshot = c.view.snapshot
	}
	return s
}

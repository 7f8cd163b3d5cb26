package core

import "github.com/regent-ha/regent/lock"

// Event is what happened to a candidate.
type Event interface{ event() }

type (
	// Campaign: somebody wants to lead. Repeating it changes nothing. Gone, if
	// not nil, are claims of processes that have ended, and their work with
	// them, in place of those that were told before.
	Campaign struct{ Gone []Claim }
	// Withdraw: nobody wants to lead any more. A term ends with Cause.
	Withdraw struct{ Cause Cause }
	// StepDown: give a term up, and campaign again after the others had their
	// chance. Successor, if not empty, is the identity that should take it.
	StepDown struct{ Successor string }
	// WorkReturned: what ran in the term has returned.
	WorkReturned struct{}
	// ReadReply answers a Read.
	ReadReply struct {
		ID       uint64
		Snapshot lock.Snapshot
		Err      error
	}
	// WriteReply answers a Write.
	WriteReply struct {
		ID       uint64
		Snapshot lock.Snapshot
		Err      error
	}
	// WatchEvent is one event of a Watch.
	WatchEvent struct {
		ID    uint64
		Event lock.Event
	}
	// WatchEnded: a Watch could not be started, or broke.
	WatchEnded struct {
		ID  uint64
		Err error
	}
	// Tick: time has passed.
	Tick struct{}
	// Expired: the shell's watchdog, which does not wait for the core, has
	// ended the term at its deadline.
	Expired struct{}
)

func (Campaign) event()     {}
func (Withdraw) event()     {}
func (StepDown) event()     {}
func (WorkReturned) event() {}
func (ReadReply) event()    {}
func (WriteReply) event()   {}
func (WatchEvent) event()   {}
func (WatchEnded) event()   {}
func (Tick) event()         {}
func (Expired) event()      {}

// Cause is why a term ended.
type Cause int

const (
	// CauseNone: it has not.
	CauseNone Cause = iota
	// CauseDeadline: no renewal succeeded in time.
	CauseDeadline
	// CauseTaken: another holds the lock.
	CauseTaken
	// CauseDeleted: the lock was deleted or emptied.
	CauseDeleted
	// CauseSteppedDown: StepDown.
	CauseSteppedDown
	// CauseShutdown: Withdraw.
	CauseShutdown
)

// Action is something for the shell to do.
type Action interface{ action() }

type (
	// Read sends a read.
	Read struct {
		ID       uint64
		Deadline Time
	}
	// Write sends a compare-and-swap; Old nil creates. The shell fills the
	// record's wall-clock times: Renewed always, Acquired if it is zero.
	Write struct {
		ID       uint64
		Kind     WriteKind
		Old      *lock.Snapshot
		Record   lock.Record
		Deadline Time
	}
	// Watch starts a watch after Version, in place of the one before.
	Watch struct {
		ID      uint64
		Version string
	}
	// Unwatch ends the watch.
	Unwatch struct{}
	// StartTerm starts the work.
	StartTerm struct {
		Token uint64
		Sent  Time
	}
	// ExtendTerm moves the term's deadline, or, once the term has ended, the
	// time until which the lock is kept for the work that still drains.
	ExtendTerm struct{ Sent Time }
	// EndTerm cancels the work.
	EndTerm struct {
		Cause  Cause
		Holder string
	}
	// Keep stores claims, in place of all that were stored before, for the
	// process that comes after this one. It comes before the writes that they
	// are about.
	Keep struct{ Claims []Claim }
	// Finished: the campaign is over and the lock is not ours, or cannot be
	// given back.
	Finished struct{}
	// Note tells observers.
	Note struct {
		Kind     NoteKind
		Holder   string
		Err      error
		Snapshot lock.Snapshot
	}
)

func (Read) action()       {}
func (Write) action()      {}
func (Watch) action()      {}
func (Unwatch) action()    {}
func (StartTerm) action()  {}
func (ExtendTerm) action() {}
func (EndTerm) action()    {}
func (Keep) action()       {}
func (Finished) action()   {}
func (Note) action()       {}

// WriteKind is what a Write is for.
type WriteKind int

const (
	// WriteAcquire starts a term.
	WriteAcquire WriteKind = iota
	// WriteRenew prolongs one.
	WriteRenew
	// WriteRelease gives the lock up.
	WriteRelease
	// WriteInsert creates the lock, held by nobody: its resourceVersion is
	// where the first token counts from.
	WriteInsert
	// WritePublish adds this candidate to the record's list.
	WritePublish
	// WriteTouch changes nothing, so that the lock has a resourceVersion of
	// now.
	WriteTouch
)

// keeps: the record stays as it is, with its nonce.
func (k WriteKind) keeps() bool { return k == WritePublish || k == WriteTouch }

func (k WriteKind) String() string {
	return [...]string{"acquire", "renew", "release", "insert", "publish", "touch"}[k]
}

// NoteKind is what a Note tells.
type NoteKind int

const (
	// NoteHolder: the lock is held by Holder; "" means by nobody.
	NoteHolder NoteKind = iota
	// NoteReleased: the lock was given up.
	NoteReleased
	// NoteReleaseFailed: it could not be, and will expire.
	NoteReleaseFailed
	// NoteRefused: the record in Snapshot is not taken, whatever its age.
	NoteRefused
	// NotePolling: the lock cannot be watched, so it is polled.
	NotePolling
)

package core

import (
	"slices"
	"strconv"
	"time"

	"github.com/regent-ha/regent/lock"
)

// Time is monotonic and counts from an arbitrary origin.
type Time = time.Duration

// Never is later than all times.
const Never = Time(1<<63 - 1)

// Config describes a candidate. The caller has validated it.
type Config struct {
	// Identity is what it writes as the holder; Pod goes beside it into the
	// list of candidates.
	Identity, Pod string
	// Nonce starts each nonce; no other process has the same.
	Nonce string
	// Lease, Renew and Retry are L, D and P; First is when the first renewal
	// starts after S.
	Lease, Renew, Retry, First time.Duration
	// AllowForeign: take over from records that no Regent wrote.
	AllowForeign bool
	// Grace is how long after their expiry these, and Regent's of another
	// duration, are left alone.
	Grace time.Duration
	// Publish: add this candidate to the record's list.
	Publish bool
	// Claims: emit Keep. The shell has a state directory.
	Claims bool
	// Seed is where jitter comes from; 0 = no jitter.
	Seed uint64
}

// Phase is what a candidate is about.
type Phase int

const (
	// Idle: no campaign.
	Idle Phase = iota
	// Standby: campaigning.
	Standby
	// Leading: in a term.
	Leading
	// Draining: the term has ended, the work has not.
	Draining
	// Releasing: the work has returned, the lock may still be ours.
	Releasing
)

func (p Phase) String() string {
	return [...]string{"idle", "standby", "leading", "draining", "releasing"}[p]
}

// Core is one candidate. The zero value is not usable; see New.
type Core struct {
	cfg Config
	now Time
	out []Action

	phase       Phase
	campaigning bool // go back to Standby after Releasing

	view view // the lock as known
	last last // who held it last, if the lock does not say

	guard Time // until when one may be at work who held a lock that was deleted

	nextID   uint64
	attempts []attempt // writes that may be committed, or whose reply is due

	term term

	claims claims

	read  reading
	watch watching

	takeAt    Time   // when the lock may be taken, Never if it may not
	holdUntil Time   // after a StepDown: let others go first
	nextTry   Time   // earliest time of the next acquire or insert over the same version
	quietTill Time   // earliest time of the next over any: Retry-After
	publishAt Time   // earliest time of the next publish
	published string // the UID of the lock that has listed this candidate
	touched   touch
	refused   bool // the record in view is not taken, whatever its age
	contact   Time // when the API server was heard of last
	tokens    uint64
	seed      uint64
}

// touch is a WriteTouch.
type touch struct {
	nonce    string // of the record that it left as it is
	next     Time   // earliest time of another
	revision uint64 // that it has made; 0: none yet
}

// term is the present or the last term.
type term struct {
	token     uint64
	nonce     string      // of the last committed write that made or kept us holder
	record    lock.Record // as that write was stored
	sent      Time        // S
	holding   bool        // as far as is known, the lock is ours
	next      Time        // when the next renewal or release is sent
	retries   int         // conflicts in a row that were answered at once
	settled   uint64      // attempts up to this one lost to a write of our own, if any
	again     bool        // write at once when the view is fresh
	successor string
	giveUp    Time // Releasing ends then at the latest
}

// attempt is a write that was sent.
type attempt struct {
	id    uint64
	kind  WriteKind
	nonce string
	token uint64
	base  string // the version that it replaces; "" creates
	sent  Time
	open  bool // its reply is due
}

// New returns an idle candidate.
func New(cfg Config) *Core {
	return &Core{cfg: cfg, seed: cfg.Seed, takeAt: Never}
}

// Step takes in what happened and returns what to do about it. The slice is
// the caller's.
func (c *Core) Step(now Time, event Event) []Action {
	c.now, c.out = max(c.now, now), nil
	if _, expired := event.(Expired); c.phase == Leading && (expired || c.now >= c.term.sent+c.cfg.Renew) {
		c.endTerm(CauseDeadline, "") // before a late reply could revive it
	}
	switch e := event.(type) {
	case Campaign:
		c.campaign(e.Gone)
	case Withdraw:
		c.withdraw(e.Cause)
	case StepDown:
		c.stepDown(e.Successor)
	case WorkReturned:
		c.workReturned()
	case ReadReply:
		c.readReply(e)
	case WriteReply:
		c.writeReply(e)
	case WatchEvent:
		c.watchEvent(e)
	case WatchEnded:
		c.watchEnded(e)
	case Tick, Expired:
	}
	c.drive()
	out := c.out
	c.out = nil
	return out
}

// unlisted is no lock's UID.
const unlisted = "-"

func (c *Core) campaign(gone []Claim) {
	c.campaigning = true
	if c.phase == Idle {
		if gone != nil { // else nothing else was told since the last campaign
			c.claims.gone, c.claims.stored = gone, nil
		}
		c.phase = Standby
		c.contact = c.now
		c.need()
		c.publishAt, c.published = c.now+c.jitter(c.cfg.Retry), unlisted
	}
}

func (c *Core) withdraw(cause Cause) {
	c.campaigning = false
	switch c.phase {
	case Standby:
		c.term.giveUp = c.now + c.cfg.Retry // an acquire under way may still make us holder
		c.phase = Releasing
	case Leading:
		c.endTerm(cause, "")
	}
}

func (c *Core) stepDown(successor string) {
	if c.phase != Leading {
		return
	}
	c.term.successor = successor
	c.holdUntil = Never // until the release is written, or given up
	c.endTerm(CauseSteppedDown, "")
}

// drive does all that is due, and nothing twice.
func (c *Core) drive() {
	switch c.phase {
	case Standby:
		c.driveStandby()
	case Leading, Draining:
		c.driveRenewal()
	case Releasing:
		c.driveRelease()
	}
	if c.phase != Idle {
		c.driveRead()
		c.driveWatch()
	}
	c.keepClaims()
}

// Wake is the time at which Step has to be called if nothing happens before.
func (c *Core) Wake() Time {
	wake := Never
	if c.phase == Idle {
		return wake
	}
	switch c.phase {
	case Standby:
		wake = min(c.standbyWake(), c.publishWake())
	case Leading:
		wake = min(c.term.next, c.term.sent+c.cfg.Renew)
	case Draining:
		if c.term.holding {
			wake = c.term.next
		}
	case Releasing:
		wake = c.term.giveUp
		if c.term.holding {
			wake = min(wake, c.term.next)
		}
	}
	return min(wake, c.readWake(), c.watchWake())
}

func (c *Core) emit(a Action) { c.out = append(c.out, a) }

func (c *Core) id() uint64 {
	c.nextID++
	return c.nextID
}

// write sends a compare-and-swap over the version in view.
func (c *Core) write(kind WriteKind, record lock.Record, deadline Time) {
	a := attempt{id: c.id(), kind: kind, token: record.Token, base: c.base(), sent: c.now, open: true}
	w := Write{ID: a.id, Kind: kind, Record: record, Deadline: deadline}
	if kind == WriteTouch {
		w.Record.Touched = c.cfg.Nonce + "-" + strconv.FormatUint(a.id, 10)
	}
	if kind == WriteAcquire || kind == WriteRenew {
		c.keepClaims() // before the write is sent
		c.claims.written = a.id
	}
	if !kind.keeps() {
		a.nonce = c.cfg.Nonce + "-" + strconv.FormatUint(a.id, 10)
		w.Record.Nonce = a.nonce
	}
	if c.view.exists {
		old := c.view.snapshot
		w.Old = &old
	}
	c.attempts = append(c.attempts, a)
	if n := len(c.attempts) - maxAttempts; n > 0 {
		c.attempts = slices.Delete(c.attempts, 0, n)
	}
	c.emit(w)
}

// maxAttempts bounds the memory of writes. One that is forgotten and commits
// all the same counts as another's, which is safe.
const maxAttempts = 16

// jitter is a random duration below d; 0 without a seed.
func (c *Core) jitter(d time.Duration) time.Duration {
	if c.seed == 0 || d <= 0 {
		return 0
	}
	c.seed ^= c.seed << 13 // xorshift64 (Marsaglia 2003)
	c.seed ^= c.seed >> 7
	c.seed ^= c.seed << 17
	return time.Duration(c.seed % uint64(d))
}

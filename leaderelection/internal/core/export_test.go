package core

import (
	"slices"
	"time"

	"github.com/regent-ha/regent/lock"
)

// Clone returns a copy that shares nothing that Step changes.
func (c *Core) Clone() *Core {
	k := *c
	k.attempts = slices.Clone(c.attempts)
	k.read.sent = slices.Clone(c.read.sent)
	k.claims.gone = slices.Clone(c.claims.gone)
	k.out = nil
	return &k
}

// Campaigning reports whether the candidate wants to lead.
func (c *Core) Campaigning() bool { return c.campaigning }

// Phase is what the candidate is about, without the cost of Status.
func (c *Core) Phase() Phase { return c.phase }

// Encode writes all that decides what Step will do from now on. Fields that
// the phase makes meaningless are left out, so that more states are equal.
func (c *Core) Encode(e *Encoder) {
	e.Bits(c.campaigning, c.refused, c.view.known, c.view.exists, c.read.wanted, c.watch.denied)
	e.Byte(byte(c.phase))
	if c.cfg.Claims {
		e.Claims(c.claims.gone)
		e.Claims(c.claims.stored)
		e.Byte(byte(c.claims.written))
		e.Byte(byte(c.claims.void))
		e.UID(c.claims.uid)
		e.Byte(byte(c.nextID))
	}
	if c.phase == Idle {
		e.Nonce(c.term.nonce)
		e.Revision(c.term.token)
		e.Revision(c.tokens)
		return
	}
	l := c.cfg.Lease + c.cfg.Grace + c.cfg.Retry // nothing asks how much longer ago
	if c.view.exists {
		e.Snapshot(c.view.snapshot)
	}
	e.Revision(c.view.floor)
	e.Time(c.view.changed, l)
	e.Bits(c.last.sealed)
	e.Name(c.last.holder)
	e.Revision(c.last.token)
	e.Byte(byte(c.last.wait))
	e.Time(c.last.until, 0)
	e.Time(c.guard, 0)
	e.Byte(byte(len(c.attempts)))
	for _, a := range c.attempts {
		e.Bits(a.open, a.id <= c.term.settled)
		if a.open {
			e.ID(a.id)
		}
		e.Byte(byte(a.kind))
		e.Nonce(a.nonce)
		e.Revision(a.token)
		e.Revision(lock.Snapshot{Version: a.base}.Revision())
		e.Time(a.sent, l)
	}
	t := &c.term
	e.Revision(t.token)
	e.Nonce(t.nonce)
	e.Time(t.sent, l)
	e.Name(t.successor)
	e.Bits(t.holding, t.again)
	if t.holding {
		e.Byte(byte(t.retries))
		e.Time(t.next, 0)
	}
	if c.phase == Releasing {
		e.Time(t.giveUp, 0)
	}
	if c.read.wanted {
		e.Time(c.read.next, 0)
	}
	for _, r := range c.read.sent {
		e.ID(r.id)
		e.Bits(r.epoch == c.view.epoch)
		if r.epoch == c.view.epoch {
			e.Revision(r.revision)
		}
	}
	w := &c.watch
	if w.id != 0 {
		e.ID(w.id)
		e.Revision(w.seen)
		e.Time(w.started, c.cfg.Retry)
		e.Time(w.heard, c.silence())
		e.Time(w.owed, 0)
	}
	e.Time(w.next, 0)
	e.Time(w.poll, 0)
	e.Time(w.again, 0)
	e.Time(c.holdUntil, 0)
	e.Time(c.nextTry, 0)
	e.Time(c.quietTill, 0)
	if c.cfg.Publish {
		e.Time(c.publishAt, 0)
		e.UID(c.published)
	}
	e.Revision(c.tokens)
}

// Encoder writes a state so that two that differ only in how names, numbers
// and times were counted come out equal: times relative to now, identifiers by
// where they occur first, revisions and tokens by their order.
type Encoder struct {
	Buf []byte
	Now time.Duration
	// Exact: nonces are written as they are, since claims name them.
	Exact bool

	nonces    []string
	uids      []string
	ids       []uint64
	revisions []uint64
	places    []int // in Buf
}

// Reset starts anew.
func (e *Encoder) Reset(now time.Duration) {
	*e = Encoder{Buf: e.Buf[:0], Now: now, nonces: e.nonces[:0], uids: e.uids[:0], ids: e.ids[:0],
		revisions: e.revisions[:0], places: e.places[:0]}
}

// Owner starts another candidate's identifiers.
func (e *Encoder) Owner() { e.ids = e.ids[:0] }

func (e *Encoder) Byte(b byte) { e.Buf = append(e.Buf, b) }

func (e *Encoder) Bits(bits ...bool) {
	var b byte
	for i, set := range bits {
		if set {
			b |= 1 << i
		}
	}
	e.Byte(b)
}

// Time writes t, counting all that is longer ago than past as one.
func (e *Encoder) Time(t, past time.Duration) {
	if t == Never {
		e.Byte(255)
		return
	}
	e.Byte(byte(min(max(t-e.Now, -past)+100, 254)))
}

func (e *Encoder) Nonce(s string) {
	if e.Exact {
		e.Buf = append(append(e.Buf, s...), 0)
		return
	}
	e.nonces = e.intern(e.nonces, s)
}

// Claims writes what is known of processes that are gone.
func (e *Encoder) Claims(claims []Claim) {
	e.Byte(byte(len(claims)))
	for _, k := range claims {
		e.Name(k.Identity)
		e.Nonce(k.Nonce)
		e.UID(k.UID)
		e.Byte(byte(k.After))
	}
}

// Names writes names as they are.
func (e *Encoder) Names(names []string) {
	for _, s := range names {
		e.Buf = append(append(e.Buf, s...), 0)
	}
}

func (e *Encoder) UID(s string) { e.uids = e.intern(e.uids, s) }

func (e *Encoder) intern(known []string, s string) []string {
	if s == "" {
		e.Byte(0)
		return known
	}
	i := slices.Index(known, s)
	if i < 0 {
		i, known = len(known), append(known, s)
	}
	e.Byte(byte(i + 1))
	return known
}

func (e *Encoder) ID(id uint64) {
	i := slices.Index(e.ids, id)
	if i < 0 {
		i, e.ids = len(e.ids), append(e.ids, id)
	}
	e.Byte(byte(i))
}

// Name writes an identity; those of a model have one letter.
func (e *Encoder) Name(s string) {
	if s == "" {
		e.Byte(0)
		return
	}
	e.Byte(s[0])
}

// Revision writes a revision or a token.
func (e *Encoder) Revision(n uint64) {
	e.places = append(e.places, len(e.Buf))
	e.revisions = append(e.revisions, n)
	e.Byte(0)
}

// Snapshot writes what an election depends on.
func (e *Encoder) Snapshot(s lock.Snapshot) {
	e.UID(s.UID)
	e.Revision(s.Revision())
	e.Record(s.Record)
}

func (e *Encoder) Record(r lock.Record) {
	e.Nonce(r.Nonce)
	e.Revision(r.Token)
	e.Bits(r.Sealed, r.Problem != nil)
	e.Name(r.Holder)
	e.Name(r.Successor)
	e.Byte(byte(min(r.Duration, 255)))
	e.Byte(byte(len(r.Candidates)))
	for _, k := range r.Candidates {
		e.Name(k.Identity)
	}
}

// gap is how far apart two revisions or tokens are told apart. The core
// compares them and adds one; two is enough, three is on the safe side.
const gap = 3

// Finish replaces revisions and tokens by small numbers in the same order.
func (e *Encoder) Finish() []byte {
	sorted := slices.Clone(e.revisions)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	codes := make([]byte, len(sorted))
	for i := 1; i < len(sorted); i++ {
		codes[i] = codes[i-1] + byte(min(sorted[i]-sorted[i-1], gap))
	}
	zero := len(sorted) > 0 && sorted[0] == 0
	for i, n := range e.revisions {
		at, _ := slices.BinarySearch(sorted, n)
		code := codes[at]
		if !zero {
			code++ // 0 means none
		}
		e.Buf[e.places[i]] = code
	}
	return e.Buf
}

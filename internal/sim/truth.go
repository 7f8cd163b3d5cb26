package sim

import (
	"sync"
	"time"

	"github.com/regent-ha/regent/lock"
)

// truth is what has happened to the lock, whatever anybody knows of it.
type truth struct {
	play *play

	mu        sync.Mutex // guards the fields below
	writer    *process   // of the record; nil: an operator
	changed   time.Duration
	foreign   bool // it was not, or is not, as a candidate wrote it
	token     uint64
	released  time.Duration // when; 0: it was taken since
	deleted   time.Duration // the last time; 0: never
	forged    time.Duration
	back      time.Duration // when a backup was restored
	past      time.Duration // when revisions have passed those before it
	top       uint64        // the highest revision
	unsettled time.Duration // since when nothing has happened that a new leader may have to wait for
	terms     map[*process]*held
}

// held is what one process holds, or held.
type held struct {
	sent     time.Duration // of its last write that made or kept it holder: S
	answered *sending
	revision uint64
	token    uint64
	nonces   map[string]bool
}

func newTruth(p *play) *truth { return &truth{play: p, terms: make(map[*process]*held)} }

// committed takes note of a write that the store has made.
func (t *truth) committed(r request, before lock.Snapshot, existed bool, after lock.Snapshot) {
	if existed && before.Nonce == after.Nonce && after.Nonce != "" {
		return // candidates only
	}
	for _, broken := range t.commit(r, before, existed, after) {
		broken()
	}
}

func (t *truth) commit(r request, before lock.Snapshot, existed bool, after lock.Snapshot) (faults []func()) {
	broken := func(rule Rule, format string, args ...any) {
		faults = append(faults, func() { t.play.broken(r.from, rule, format, args...) })
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p, now := r.from, t.play.now()
	if after.Revision() > t.top {
		if t.top = after.Revision(); t.back > 0 && t.past == 0 {
			t.past = now
		}
	}
	held := t.of(p)
	held.nonces[after.Nonce] = true
	took := after.Holder != "" && (after.Token != held.token || after.Token == 0 && t.writer != p)
	mine := before.Holder == p.identity && held.nonces[before.Nonce]
	if existed && before.Holder != "" && !mine {
		wait := before.Duration * 95 / 100
		if t.play.strict && (!before.Sealed || before.Duration != p.Lease) {
			wait += p.Renew * 95 / 100 // a grace
		}
		if after.Holder == "" {
			broken(Wiped, "empties the lock, which %q holds", before.Holder)
		} else if now-t.changed < wait && !t.mayTake(p, before.Nonce, before.Sealed) {
			broken(TakenEarly, "takes the lock of %q, %v after its last change", before.Holder, now-t.changed)
		}
	}
	switch {
	case after.Holder == "":
		if len(p.working()) > 0 && existed {
			broken(EarlyRelease, "releases the lock under work that runs")
		}
		if existed {
			t.released = now
		}
	case took:
		if after.Token > 0 && after.Token <= t.token {
			broken(TokenFalls, "takes the lock with token %d, after %d", after.Token, t.token)
		}
		if t.released > 0 && t.writer != p {
			t.play.tookOver(now - t.released)
		}
		t.released = 0
		fallthrough
	default:
		if r.sent.at > held.sent || took {
			held.sent, held.answered = r.sent.at, r.sent
		}
		held.revision, held.token = after.Revision(), after.Token
		t.token = max(t.token, after.Token)
	}
	if existed {
		t.foreign = t.play.plan.mixed() // which gets a grace
	}
	t.writer, t.changed = p, now
	p.note("writes: holder %q, token %d, version %s", after.Holder, after.Token, after.Version)
	return faults
}

func (t *truth) of(p *process) *held {
	h := t.terms[p]
	if h == nil {
		h = &held{nonces: make(map[string]bool)}
		t.terms[p] = h
	}
	return h
}

// keeper is the process that wrote the lock last; nil: an operator did.
func (t *truth) keeper() *process {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writer
}

// lastWrite is when the record was changed last.
func (t *truth) lastWrite() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// wrote reports whether s is as p wrote it.
func (t *truth) wrote(p *process, s lock.Snapshot) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of(p).nonces[s.Nonce]
}

// holds returns what p holds or held last.
func (t *truth) holds(p *process) held {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *t.of(p)
}

// disturbed: whatever there was to wait for may begin anew, after a while.
func (t *truth) disturbed(after time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsettled = max(t.unsettled, t.play.now()+after)
}

// meddled: each version of a foreign record counts as a renewal.
func (t *truth) meddled() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.foreign {
		t.unsettled = max(t.unsettled, t.play.now())
	}
}

// operated takes note of an operator's act.
func (t *truth) operated(k Kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.play.now()
	t.changed, t.released = now, 0
	switch k {
	case Deleted:
		t.deleted = now
	case Forged:
		t.forged, t.foreign = now, true
	case Restored:
		t.back, t.past, t.foreign = now, 0, true
	default:
		t.foreign = true
	}
	t.writer = nil
}

// restored reports whether a backup was, so that a rule means nothing: tokens
// may repeat from then on, and for a while versions are used twice, which no
// compare-and-swap survives.
func (t *truth) restored(r Rule) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch r {
	case TokenFalls, StaleWrite:
		return t.back > 0
	case TakenEarly, Wiped, KnownLoss, EarlyRelease, Untrue, PastDeadline:
		return t.restoring()
	}
	return false
}

// restoring: versions are used twice. t.mu is held.
func (t *truth) restoring() bool {
	return t.back > 0 && (t.past == 0 || t.play.now() < t.past+2*t.play.plan.lease())
}

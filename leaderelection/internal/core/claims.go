package core

import (
	"slices"
	"strconv"
	"strings"

	"github.com/regent-ha/regent/lock"
)

// Claim tells the records that one process left in a lock from all others. It
// outlives the process: see invariants R1 to R5.
type Claim struct {
	// Identity and Nonce are that process's own.
	Identity, Nonce string
	// UID is that of the lock's object.
	UID string
	// After is the number of the last of its writes that counts no more.
	After uint64
}

// Covers reports whether s is a record that the process of this claim wrote,
// and nobody has changed since; number is that of the write. Of a lock with two
// halves it is not said: one of them could be another's.
func (k Claim) Covers(s lock.Snapshot) (number uint64, ok bool) {
	digits, found := strings.CutPrefix(s.Nonce, k.Nonce+"-")
	number, err := strconv.ParseUint(digits, 10, 64)
	if !found || err != nil || number <= k.After || strconv.FormatUint(number, 10) != digits {
		return 0, false
	}
	joined := s.Joint || strings.Contains(s.Version, ".")
	return number, s.Sealed && s.Problem == nil && s.Holder == k.Identity && k.Identity != "" && s.UID == k.UID && k.UID != "" && !joined
}

// claims is what is known of processes that are gone, and of what this one has
// to leave behind.
type claims struct {
	gone    []Claim // processes whose end is proved
	written uint64  // the last write of this process that may have made or kept it holder
	void    uint64  // its writes up to this one count no more
	uid     string  // of the lock that it sees, or has seen last
	stored  []Claim // what the shell was told to keep; nil: nothing yet
}

// recall holds the record in view against the claims. One that is believed
// voids the older ones of its process: they are overwritten for good. Once any
// other holder was seen, all are void: should an old record come back, with a
// backup, others have led since.
func (c *Core) recall() {
	s, k := c.view.snapshot, &c.claims
	if !c.view.exists {
		return
	}
	k.uid = s.UID
	if s.Holder == "" {
		return
	}
	if _, ours := c.ours(); !ours {
		c.disclaim()
	}
	for i, claim := range k.gone {
		if number, ok := claim.Covers(s); ok {
			k.gone = slices.Clone(k.gone)
			k.gone[i].After = number - 1
			return
		}
	}
	k.gone = nil
}

// left: a process that is gone holds the lock, and its work has ended with it.
func (c *Core) left() bool {
	return c.view.exists && slices.ContainsFunc(c.claims.gone, func(k Claim) bool {
		_, ok := k.Covers(c.view.snapshot)
		return ok
	})
}

// disclaim voids what this process has written so far: it is known to hold the
// lock no longer.
func (c *Core) disclaim() { c.claims.void = c.claims.written }

// keepClaims has the shell keep what the next process on this state directory
// may believe, whenever that is something else than before.
func (c *Core) keepClaims() {
	k := &c.claims
	if !c.cfg.Claims || k.uid == "" {
		return
	}
	all := append(slices.Clone(k.gone), Claim{Identity: c.cfg.Identity, Nonce: c.cfg.Nonce, UID: k.uid, After: k.void})
	if !slices.Equal(all, k.stored) {
		k.stored = all
		c.emit(Keep{Claims: all})
	}
}

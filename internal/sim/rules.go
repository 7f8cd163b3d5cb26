package sim

import (
	"slices"
	"time"
)

// Rule is a promise that can be broken.
type Rule string

// The rules.
const (
	TwoTerms     Rule = "two terms are valid at once"
	TwoWorks     Rule = "two are at work at once"
	TokenFalls   Rule = "a token does not rise"
	StaleWrite   Rule = "a stale write passes gate and tokens"
	EarlyRelease Rule = "the lock is released under work that runs"
	Wiped        Rule = "another's record is emptied"
	TakenEarly   Rule = "a lock is taken before it has expired"
	KnownLoss    Rule = "work goes on after its process has seen that the lock is another's"
	KnownGone    Rule = "work goes on after its process has seen that the lock is gone"
	PastDeadline Rule = "work is not cancelled at its deadline"
	PastLease    Rule = "work is not cancelled when the lease has run out"
	SameIdentity Rule = "two of the same identity lead at once"
	Untrue       Rule = "what an elector says of itself is not true"
	Ungated      Rule = "the gate lets a write through without a valid term, or stops one with it"
	Unjoined     Rule = "Run returns before its work"
	Leaderless   Rule = "nobody leads although somebody can"
	SlowRestart  Rule = "who has restarted in place waits for its own lease"
	Unfenced     Rule = "work runs on past its lease, and OnFence was not called"
)

// Violation is a broken rule.
type Violation struct {
	Rule Rule
	Text string
	Flaw string // of client-go, as far as the play can tell
}

// What may happen all the same, and is counted. docs/guarantees.md says so.
const (
	afterStop     = "overlaps with work of a process that was stopped"
	afterDeletion = "overlaps after a deletion, with a candidate that had not seen the lock held"
	afterForgery  = "overlaps after a forged release"
	afterRestore  = "overlaps after a backup was restored"
	afterOverrun  = "overlaps with work that overran its lease, after OnFence"
)

// excuse is why docs/guarantees.md allows an overlap; "" if it does not.
func (p *play) excuse(w, theirs *work) string {
	mine, held := w.process, p.truth.holds(theirs.process)
	mine.mu.Lock()
	knew := mine.knew
	mine.mu.Unlock()
	t := p.truth
	t.mu.Lock()
	defer t.mu.Unlock()
	now, longest := p.now(), p.plan.lease()
	recent := func(at time.Duration) bool { return at > 0 && at >= held.sent && now < at+longest }
	switch {
	case t.restoring():
		return afterRestore
	case recent(t.forged):
		return afterForgery
	case recent(t.deleted) && (held.token == 0 || !slices.Contains(knew, held.token)):
		return afterDeletion
	}
	return ""
}

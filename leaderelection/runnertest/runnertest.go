package runnertest

import (
	"cmp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// Subject is a leadership that nobody has had yet, and those who may compete
// for it.
type Subject struct {
	// Runner returns the Runner of another candidate, as if it were in another
	// process. Required.
	Runner func() leaderelection.Runner
	// Alone: a Runner of this kind knows no rivals, as leaderelection.Plain.
	// What is demanded of rivals passes unseen.
	Alone bool
	// Lose takes the leadership away from who has it, such as by deleting the
	// lock. nil: it cannot be lost; what is demanded of a loss passes unseen.
	Lose func()

	// Quiet is how long the tests look on before they believe that something
	// does not happen. Longer than a lease is best. 0 = 1 s, in a bubble 1 min.
	Quiet time.Duration
	// Patience is how long something that has to happen may take.
	// 0 = 1 min, in a bubble 1 h.
	Patience time.Duration
}

// Test tests in real time that a Runner does what leaderelection.Runner says.
// newSubject is called once for each subtest.
func Test(t *testing.T, newSubject func(t *testing.T) Subject) {
	for _, r := range contract() {
		t.Run(r.name, func(t *testing.T) {
			s := newSubject(t)
			s.Quiet, s.Patience = cmp.Or(s.Quiet, time.Second), cmp.Or(s.Patience, time.Minute)
			r.run(t, s)
		})
	}
}

// TestInBubble is [Test] in virtual time: each subtest, with its call of
// newSubject, runs in a bubble of testing/synctest. The Runner's clock has to
// be the bubble's (locktest.Clock).
func TestInBubble(t *testing.T, newSubject func(t *testing.T) Subject) {
	for _, r := range contract() {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Quiet, s.Patience = cmp.Or(s.Quiet, time.Minute), cmp.Or(s.Patience, time.Hour)
				r.run(t, s)
			})
		})
	}
}

// needs is what a subject has to have for a rule to apply.
type needs int

const (
	nothing needs = iota
	rivals
	loss
)

// rule is one sentence of the contract.
type rule struct {
	name  string
	needs needs
	check func(*trial)
}

func contract() []rule {
	return []rule{
		{"Run returns what lead returns", nothing, returnsTheResult},
		{"lead's context carries a valid term", nothing, carriesTheTerm},
		{"the end of Run's context cancels lead with ErrShutdown", nothing, cancelsWithShutdown},
		{"Run returns only after lead", nothing, joins},
		{"an ended context leads to nothing", nothing, endsBefore},
		{"Run can be called again", nothing, runsAgain},
		{"concurrent Runs share one term", nothing, sharesTheTerm},
		{"a Run that comes later joins the term", nothing, joinsLater},
		{"of two candidates one leads", rivals, oneLeads},
		{"a candidate that waits can be stopped", rivals, standbyStops},
		{"the next leads after the work has drained", rivals, drainsFirst},
		{"the next leads after the work has ended", rivals, handsOver},
		{"the next leads after the last of several works", rivals, lastDrains},
		{"each of many candidates gets its turn", rivals, takesTurns},
		{"a loss cancels lead, and ends the term", loss, losesAtOnce},
		{"after a loss Run joins lead and campaigns again", loss, campaignsAgain},
	}
}

// run checks one rule, if it applies to the subject.
func (r rule) run(t reporter, s Subject) {
	t.Helper()
	if s.Runner == nil {
		t.Errorf("runnertest: Subject.Runner is nil; mend: return a new candidate's Runner")
		t.FailNow()
	}
	if r.needs == rivals && s.Alone || r.needs == loss && s.Lose == nil {
		return
	}
	try := newTrial(t, s)
	defer try.end()
	r.check(try)
}

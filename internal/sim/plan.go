package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Fault befalls candidate Who, or the lock, or the API server, at a time and
// for a while.
type Fault struct {
	At, For time.Duration
	Kind    Kind
	Who     int
}

// Timings are those of one candidate's configuration.
type Timings struct{ Lease, Renew, Retry time.Duration }

// Candidate is one that may lead.
type Candidate struct {
	Timings
	Rate   float64 // of its clock
	Works  int     // that run in each term
	Work   Habit   // what they do
	Drain  time.Duration
	Stable bool // it has the same identity after another start
	Twin   bool // it has the identity of the first candidate
	Exits  bool // it ends after a loss, and is started again
	Pod    bool // it has the name of a pod
	State  bool // it has a state directory
}

// Habit is what a work does.
type Habit string

// What works do.
const (
	Obeys    Habit = "obeys"    // it returns in time
	Overruns Habit = "overruns" // it takes too long to return
	Ignores  Habit = "ignores"  // it goes on writing meanwhile
	Fails    Habit = "fails"    // it returns an error by itself, sometimes
	Panics   Habit = "panics"   // by itself, sometimes
)

// Plan is what happens in one play.
type Plan struct {
	Seed       uint64
	Candidates []Candidate
	Faults     []Fault
	Calm       time.Duration // from here on nothing goes wrong
}

// draw is a source of what happens.
type draw struct{ *rand.Rand }

func (r draw) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// one is true once in n times.
func (r draw) one(n int) bool { return r.IntN(n) == 0 }

func (r draw) timings() Timings {
	return []Timings{
		{5 * time.Second, 3 * time.Second, time.Second},
		{3 * time.Second, 2 * time.Second, 500 * time.Millisecond},
		{15 * time.Second, 10 * time.Second, 2 * time.Second},
		{8 * time.Second, 7 * time.Second, 500 * time.Millisecond},
	}[r.IntN(4)]
}

// Draw makes a plan of a seed, always the same.
func Draw(seed uint64) Plan {
	r := draw{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	p := Plan{Seed: seed}
	timings, mixed, odd := r.timings(), r.one(8), r.one(3)
	for i := range 2 + r.IntN(3) {
		if mixed {
			timings = r.timings()
		}
		p.Candidates = append(p.Candidates, r.candidate(timings, odd))
		p.Candidates[i].Twin = i > 0 && r.one(40)
	}
	p.Calm = time.Duration(3+r.IntN(5)) * p.lease()
	var common []Kind // what may happen more than once
	for range 1 + r.IntN(3) {
		common = append(common, kinds()[r.IntN(len(kinds()))])
	}
	for range 1 + r.IntN(9) {
		k := kinds()[r.IntN(len(kinds()))]
		if r.one(3) {
			k = common[r.IntN(len(common))]
		}
		p.Faults = append(p.Faults, Fault{
			At: r.between(0, p.Calm*9/10), For: r.between(10*time.Millisecond, 2*p.lease()), Kind: k, Who: r.IntN(len(p.Candidates)),
		})
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return p
}

func (r draw) candidate(t Timings, odd bool) Candidate {
	c := Candidate{
		Timings: t, Rate: 0.976 + 0.048*r.Float64(), Works: 1, Work: Obeys,
		Stable: r.one(3), Exits: r.one(6), Pod: r.one(2),
	}
	// Work returns in time: within 0.95·L − D, by a clock that is slow.
	longest := (t.Lease*95/100 - t.Renew) * 9 / 10
	c.Drain = r.between(0, longest)
	if r.one(5) {
		c.Works = 2
	}
	if odd {
		c.Work = []Habit{Obeys, Overruns, Ignores, Fails, Panics}[r.IntN(5)]
	}
	if c.Work == Overruns || c.Work == Ignores {
		c.Drain = r.between(longest, 2*t.Lease)
	}
	return c
}

// twins: another candidate has the identity of the first.
func (p Plan) twins() bool {
	return slices.ContainsFunc(p.Candidates, func(c Candidate) bool { return c.Twin })
}

// mixed: not all have the same configuration.
func (p Plan) mixed() bool {
	return slices.ContainsFunc(p.Candidates, func(c Candidate) bool { return c.Timings != p.Candidates[0].Timings })
}

// lease is the longest of the candidates'.
func (p Plan) lease() (longest time.Duration) {
	for _, c := range p.Candidates {
		longest = max(longest, c.Lease)
	}
	return longest
}

// String is the plan as a person reads it.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d; faults end at %v\n", p.Seed, p.Calm)
	for i, c := range p.Candidates {
		fmt.Fprintf(&b, "  %s: lease %v, renew deadline %v, retry period %v, clock ×%.4f, %d works: each %s, and needs %v to return%s\n",
			name(i), c.Lease, c.Renew, c.Retry, c.Rate, c.Works, c.Work, c.Drain, c.traits())
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&b, "  %v: %s for %v\n", f.At, f, f.For)
	}
	return b.String()
}

func (c Candidate) traits() string {
	var s string
	for _, t := range []struct {
		is   bool
		text string
	}{{c.Stable, "keeps its identity"}, {c.Twin, "has the identity of a"}, {c.Exits, "exits on loss"}, {c.State, "has a state directory"}} {
		if t.is {
			s += ", " + t.text
		}
	}
	return s
}

func (f Fault) String() string {
	switch f.Kind.scope() {
	case ofLock:
		return "the lock " + string(f.Kind)
	case ofServer:
		return string(f.Kind)
	}
	return name(f.Who) + " " + string(f.Kind)
}

func name(i int) string { return string(rune('a' + i)) }

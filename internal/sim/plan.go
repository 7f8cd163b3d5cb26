package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Kind is what goes wrong.
type Kind string

// What goes wrong.
const (
	Slow      Kind = "slow"        // its requests and answers take up to 6 s
	Lossy     Kind = "lossy"       // every third of its requests is lost
	Deaf      Kind = "deaf"        // its requests arrive, the answers do not
	Cut       Kind = "cut off"     // nothing arrives either way
	Silent    Kind = "silent"      // its watch brings nothing, its requests pass
	Breaking  Kind = "watch break" // its watch ends
	Refused   Kind = "refused"     // the API server refuses its requests
	Paused    Kind = "paused"      // SIGSTOP and SIGCONT
	Crashed   Kind = "crashed"     // SIGKILL, and another start
	Stopped   Kind = "stopped"     // SIGTERM, and another start
	StepsDown Kind = "steps down"  // StepDown
	Deleted   Kind = "deleted"     // the lock, by an operator
	Emptied   Kind = "emptied"     // its holder, by an operator
	Stolen    Kind = "stolen"      // the lock, by a client that nobody knows, which never renews
)

// kinds are drawn alike; the lock's own faults come last.
func kinds() []Kind {
	return []Kind{Slow, Lossy, Deaf, Cut, Silent, Breaking, Refused, Paused, Crashed, Stopped, StepsDown, Deleted, Emptied, Stolen}
}

// Fault befalls candidate Who, or the lock, at a time and for a while.
type Fault struct {
	At, For time.Duration
	Kind    Kind
	Who     int
}

// Candidate is one that may lead.
type Candidate struct {
	Rate  float64       // of its clock
	Drain time.Duration // how long its work needs to return
}

// Plan is what happens in one play.
type Plan struct {
	Seed                uint64
	Lease, Renew, Retry time.Duration
	Candidates          []Candidate
	Faults              []Fault
	Calm                time.Duration // from here on nothing goes wrong
}

// Draw makes a plan of a seed, always the same.
func Draw(seed uint64) Plan {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	between := func(low, high time.Duration) time.Duration { return low + time.Duration(r.Int64N(int64(high-low))) }
	p := Plan{Seed: seed, Lease: 15 * time.Second, Renew: 10 * time.Second, Retry: 2 * time.Second}
	switch r.IntN(3) {
	case 0:
		p.Lease, p.Renew, p.Retry = 5*time.Second, 3*time.Second, time.Second
	case 1:
		p.Lease, p.Renew, p.Retry = 3*time.Second, 2*time.Second, 500*time.Millisecond
	}
	for range 2 + r.IntN(3) {
		// Work returns in time: within 0.95·L − D, by the slowest clock.
		longest := (p.Lease*95/100 - p.Renew) * 9 / 10
		p.Candidates = append(p.Candidates, Candidate{Rate: 0.98 + 0.045*r.Float64(), Drain: between(0, longest)})
	}
	p.Calm = time.Duration(4+r.IntN(6)) * p.Lease
	for range 1 + r.IntN(8) {
		p.Faults = append(p.Faults, Fault{
			At: between(0, p.Calm*9/10), For: between(10*time.Millisecond, 2*p.Lease),
			Kind: kinds()[r.IntN(len(kinds()))], Who: r.IntN(len(p.Candidates)),
		})
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return p
}

// String is the plan as a person reads it.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: lease %v, renew deadline %v, retry period %v; faults end at %v\n", p.Seed, p.Lease, p.Renew, p.Retry, p.Calm)
	for i, c := range p.Candidates {
		fmt.Fprintf(&b, "  %s: clock ×%.4f, work drains for %v\n", name(i), c.Rate, c.Drain)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&b, "  %v: %s %s for %v\n", f.At, f.subject(), f.Kind, f.For)
	}
	return b.String()
}

func (f Fault) subject() string {
	if f.Kind == Deleted || f.Kind == Emptied || f.Kind == Stolen {
		return "the lock"
	}
	return name(f.Who)
}

func name(i int) string { return string(rune('a' + i)) }

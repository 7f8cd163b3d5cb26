package report

import (
	"fmt"
	"time"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Target is a bound that was set before it was measured.
type Target struct {
	// What is bounded, and Bound how.
	What, Bound string
	// Measured is the figure.
	Measured string
	Met      bool
}

// State is how targets are printed.
func (t Target) State() string {
	if t.Met {
		return "met"
	}
	return "missed"
}

// Three replicas are what the targets are about: the leader and two standbys.
const standbys = 2

// Targets compares the results with the targets. What was not measured is not
// among them.
func (r Results) Targets() (all []Target) {
	all = append(all, r.handOverTargets()...)
	for _, c := range r.Crash {
		if c.Kind == candidate.Regent {
			all = append(all, bounded("crash, "+c.Timings+": the next leader's work starts after the expiry, at most", c.Late.Max(), 100*time.Millisecond))
		}
	}
	many := 0
	for _, a := range r.AtRest {
		many = max(many, a.Locks)
	}
	for _, a := range r.AtRest {
		switch {
		case a.Kind != candidate.Regent || a.Replicas != standbys+1:
		case a.Locks < many:
			all = append(all, rate("requests per second, 1 leader and 2 standbys", a.PerLock(), 0.25))
		default:
			all = append(all, rate(fmt.Sprintf("requests per second, %d locks × 3 replicas", a.Locks), a.Rate(), 0.25*float64(a.Locks)))
		}
	}
	for _, f := range r.Footprint {
		if f.Kind == candidate.Regent {
			alone := f.Alone()
			all = append(all,
				Target{"memory of a " + f.Role, "< 1 MiB", size(alone.Bytes()), alone.Bytes() < 1<<20},
				Target{"goroutines of a " + f.Role, "≤ 5", fmt.Sprintf("%.1f", alone.Goroutines), alone.Goroutines < 5.5})
		}
	}
	return all
}

func (r Results) handOverTargets() []Target {
	ours, ok := r.handOver(candidate.Regent, standbys)
	if !ok {
		return nil
	}
	all := []Target{
		bounded("hand-over, 3 replicas: median", ours.Cancel.Median(), 10*time.Millisecond),
		bounded("hand-over, 3 replicas: p99", ours.Cancel.Quantile(0.99), 50*time.Millisecond),
	}
	if theirs, ok := r.handOver(candidate.ClientGo, standbys); ok {
		x := stats.Ratio(theirs.Cancel.Median(), ours.Cancel.Median())
		all = append(all, Target{"client-go's median, in Regent's", "≥ 100 ×", Times(x), x >= 100})
	}
	if floor, ok := r.floor(); ok {
		x := stats.Ratio(ours.Cancel.Median(), floor.Cancel.Median())
		all = append(all, Target{"median, in medians of the floor", "≤ 2 ×", Times(x), x <= 2})
	}
	return all
}

func bounded(what string, d, most time.Duration) Target {
	return Target{what, fmt.Sprintf("≤ %d ms", most.Milliseconds()), Millis(d), d <= most}
}

func rate(what string, perSecond, most float64) Target {
	return Target{what, fmt.Sprintf("≤ %g", most), fmt.Sprintf("%.2f", perSecond), perSecond <= most}
}

// handOver is the row of an elector, as it is made by default.
func (r Results) handOver(kind candidate.Kind, standbys int) (HandOver, bool) {
	for _, h := range r.HandOver {
		if h.Kind == kind && h.Standbys == standbys && h.Variant == "" {
			return h, true
		}
	}
	return HandOver{}, false
}

func (r Results) floor() (HandOver, bool) { return r.handOver("", 1) }

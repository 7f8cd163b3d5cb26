package sim_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/sim"
)

var (
	seeds = flag.Uint64("seeds", 20_000, "how many seeds to play")
	first = flag.Uint64("seed", 1, "the first of them")
)

// TestSeeds plays one plan for each seed. With -seeds=1 -seed=N it tells what
// happens in that one.
func TestSeeds(t *testing.T) {
	last := *first + *seeds
	if testing.Short() {
		last = *first + min(*seeds, 500)
	}
	var total totals
	next := atomic.Uint64{}
	next.Store(*first)
	began := time.Now()
	t.Run("workers", func(t *testing.T) {
		for worker := range 4 {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1) - 1; seed < last && !t.Failed(); seed = next.Add(1) - 1 {
					r := play(t, drawn(seed), sim.Options{Trace: *seeds == 1})
					total.add(r)
					if len(r.Violations) > 0 && *seeds > 1 {
						r = play(t, drawn(seed), sim.Options{Trace: true})
					}
					if r.Trace != "" {
						t.Logf("%s%s", r.Plan, r.Trace)
					}
					require.Empty(t, r.Violations, "seed %d", seed)
				}
			})
		}
	})
	t.Attr("seeds", fmt.Sprintf("%d played, %.0f a second; %d terms", total.plays, float64(total.plays)/time.Since(began).Seconds(), total.terms))
	for _, line := range total.lines() {
		t.Attr("counted", line)
	}
}

// drawn is the plan of a seed. In every second one, processes have state
// directories.
func drawn(seed uint64) sim.Plan {
	p := sim.Draw(seed)
	if seed%2 == 0 {
		p = sim.InPlace(p)
	}
	return p
}

// totals add up results.
type totals struct {
	mu           sync.Mutex // guards the fields below
	plays, terms int
	counts       map[string]int
}

func (s *totals) add(r sim.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plays++
	s.terms += r.Terms
	if s.counts == nil {
		s.counts = make(map[string]int)
	}
	for what, n := range r.Counts {
		s.counts[what] += n
	}
}

func (s *totals) lines() (lines []string) {
	for _, what := range slices.Sorted(maps.Keys(s.counts)) {
		lines = append(lines, fmt.Sprintf("%s: %d", what, s.counts[what]))
	}
	return lines
}

func play(t *testing.T, p sim.Plan, o sim.Options) (r sim.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = sim.Play(p, o)
		require.NoError(t, err)
	})
	return r
}

// TestSeedsReplay plays seeds twice, and wants to be told the same twice: what
// fails can be had again. (Of 3 000 seeds, one was told otherwise once in 40
// plays: the order of goroutines has a say where several faults end at once.)
func TestSeedsReplay(t *testing.T) {
	for seed := *first; seed < *first+min(*seeds, 100); seed++ {
		once := play(t, drawn(seed), sim.Options{Trace: true})
		again := play(t, drawn(seed), sim.Options{Trace: true})
		require.Equal(t, once, again, "seed %d", seed)
	}
}

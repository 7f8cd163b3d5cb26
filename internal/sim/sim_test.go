package sim_test

import (
	"flag"
	"fmt"
	"strings"
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

// TestSeeds plays one plan for each seed. With -seeds=1 -seed=N it shows what
// happened in that one.
func TestSeeds(t *testing.T) {
	last := *first + *seeds
	if testing.Short() {
		last = *first + min(*seeds, 500)
	}
	var played, terms, excused atomic.Int64
	next := atomic.Uint64{}
	next.Store(*first)
	began := time.Now()
	t.Run("workers", func(t *testing.T) {
		for worker := range 4 {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1) - 1; seed < last && !t.Failed(); seed = next.Add(1) - 1 {
					r := playSeed(t, seed, sim.Regent)
					played.Add(1)
					terms.Add(int64(r.Terms))
					excused.Add(int64(r.Excused))
					if *seeds == 1 || len(r.Faults) > 0 {
						t.Logf("%s%s", r.Plan, strings.Join(r.Trace, "\n"))
					}
					require.Empty(t, r.Faults)
				}
			})
		}
	})
	t.Attr("seeds", fmt.Sprintf("%d played, %.0f a second; %d terms; %d overlaps after deletions", played.Load(),
		float64(played.Load())/time.Since(began).Seconds(), terms.Load(), excused.Load()))
}

func playSeed(t *testing.T, seed uint64, m sim.Maker) (r sim.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = sim.Play(sim.Draw(seed), m)
		require.NoError(t, err)
	})
	return r
}

// TestControl plays the same plans with client-go's elector: a checker that
// finds nothing wrong with it could not find anything.
func TestControl(t *testing.T) {
	broken, kinds := 0, make(map[string]int)
	const plays = 200
	for seed := range uint64(plays) {
		r := playSeed(t, seed+1, sim.ClientGo)
		if len(r.Faults) > 0 {
			broken++
		}
		for _, f := range r.Faults {
			kind, _, _ := strings.Cut(f, ":")
			kinds[kind]++
		}
	}
	t.Attr("client-go", fmt.Sprintf("%d of %d seeds break a promise: two at once %d times", broken, plays, kinds["two terms"]+kinds["two at work"]))
	require.NotZero(t, kinds["two at work"])
	require.NotZero(t, kinds["two terms"])
}

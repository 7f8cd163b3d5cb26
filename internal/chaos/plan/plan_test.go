package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/chaos/plan"
)

var quick = plan.Timings{Lease: 3 * time.Second, Renew: 2 * time.Second, Retry: 500 * time.Millisecond}

func text(p *plan.Plan, steps int) string {
	var s string
	for range steps {
		s += fmt.Sprintln(p.Next(), p.Linger())
	}
	return s
}

func TestASeedGivesOnePlan(t *testing.T) {
	t.Parallel()
	once, again := text(plan.New(7, quick), 100), text(plan.New(7, quick), 100)
	require.Equal(t, once, again)
	require.NotEqual(t, text(plan.New(7, quick), 100), text(plan.New(8, quick), 100))
}

func TestEachKindComesUp(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		p := plan.New(seed, quick)
		seen := make(map[plan.Kind]int)
		for range 26 {
			seen[p.Next().Kind]++
		}
		for _, k := range plan.Kinds() {
			require.Positive(t, seen[k], "%s with seed %d", k, seed)
		}
		require.Equal(t, 4, seen[plan.Pause])
	}
}

func TestStepsAreInBounds(t *testing.T) {
	t.Parallel()
	p := plan.New(1, quick)
	asides, overruns := 0, 0
	for range 1000 {
		s := p.Next()
		require.Less(t, s.For, quick.Lease+quick.Renew)
		require.Less(t, s.Slow, quick.Renew)
		if s.Kind == plan.Hiccup {
			require.Less(t, s.For, quick.Lease)
		}
		if s.Aside != nil {
			asides++
			require.LessOrEqual(t, s.Aside.For, quick.Lease)
		}
		if p.Linger() > quick.Lease*95/100-quick.Renew {
			overruns++
		}
	}
	require.InDelta(t, 333, asides, 100)
	require.InDelta(t, 166, overruns, 60)
}

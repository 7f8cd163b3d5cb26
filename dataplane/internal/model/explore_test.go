package model

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	states = flag.Int("states", 10_000, "how many states of each setting are explored")
	walks  = flag.Int("walks", 3_000, "how many times a test goes a long way in each setting")
)

// world is a thing of the model, what is true of it, and what may happen.
type world[W any] interface {
	// key differs between worlds in which something differs.
	key() string
	clone() W
	moves() []move[W]
	// fault is the invariant that does not hold here.
	fault() string
}

// move is something that may happen; do returns which invariant it breaks.
type move[W any] struct {
	name string
	do   func(W) string
}

// visited is a world and how it was come to.
type visited[W any] struct {
	world W
	trail []string
}

// explore makes all moves in all orders, until it has seen limit states.
func explore[W world[W]](t *testing.T, first W, limit int) {
	t.Helper()
	seen := map[string]bool{first.key(): true}
	for queue := []visited[W]{{world: first}}; len(queue) > 0; {
		v := queue[0]
		queue = queue[1:]
		if fault := v.world.fault(); fault != "" {
			require.Fail(t, fault, "after %q", v.trail)
		}
		for _, m := range v.world.moves() {
			next := visited[W]{v.world.clone(), append(slices.Clip(v.trail), m.name)}
			if fault := m.do(next.world); fault != "" {
				require.Fail(t, fault, "after %q", next.trail)
			}
			if key := next.world.key(); !seen[key] {
				if len(seen) >= limit {
					t.Logf("%d states, %d moves deep, not all of them", limit, len(next.trail))
					return
				}
				seen[key] = true
				queue = append(queue, next)
			}
		}
	}
	t.Logf("%d states, which are all", len(seen))
}

// wander goes a long way at random. The first move is that time passes.
func wander[W world[W]](t *testing.T, w W, seed uint64, steps int) {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 1))
	var trail []string
	for range steps {
		moves := w.moves()
		m := moves[dice.IntN(len(moves))]
		if dice.IntN(3) == 0 {
			m = moves[0]
		}
		trail = append(trail, m.name)
		if fault := m.do(w); fault != "" {
			require.Fail(t, fault, "seed %d, after %q", seed, trail)
		}
	}
	if fault := w.fault(); fault != "" {
		require.Fail(t, fault, "seed %d, after %q", seed, trail)
	}
}

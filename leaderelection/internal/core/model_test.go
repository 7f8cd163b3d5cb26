package core_test

import (
	"flag"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

var states = flag.Int("states", 60_000, "states that the model check explores of each setting, at most")

// names of faults, as settings have them. A process that is killed comes back
// with its identity, and one that is withdrawn campaigns once more.
var names = [faults]string{
	slow: "slow message", refuse: "refused request", lag: "late watch", cut: "broken watch", pause: "pause",
	crash: "crash", rename: "replacement", deletion: "deletion", emptying: "emptied lock", edit: "edited lock",
	usurp: "other client", stepDown: "step down", withdraw: "withdrawal",
}

// variants are the circumstances in which each fault happens once.
var variants = []setting{
	{name: "three candidates", candidates: 3, retry: 1},
	{name: "no lock yet", candidates: 2, retry: 1, fresh: true},
	{name: "no watch", candidates: 2, retry: 1, denied: true},
	{name: "slow retries", candidates: 2, retry: 2},
	{name: "overrunning work", candidates: 2, retry: 1, overrun: true},
	{name: "published candidates", candidates: 2, retry: 1, publish: true},
}

// settings are each fault alone in each variant, each pair of faults, and what
// an operator does in two more variants beside another fault.
func settings() (all []*setting) {
	for f, name := range names {
		if name == "" {
			continue
		}
		for _, v := range variants {
			v.name += ": " + name
			v.afford(fault(f))
			all = append(all, &v)
		}
		for g := f; g < len(names); g++ {
			if names[g] != "" {
				s := &setting{name: name + " and " + names[g], candidates: 2, retry: 1}
				s.afford(fault(f))
				s.afford(fault(g))
				all = append(all, s)
			}
		}
	}
	// What an operator does while somebody knows less than others.
	for _, v := range []setting{
		{name: "late candidate", candidates: 2, retry: 1, late: true},
		{name: "leader that was succeeded", candidates: 2, retry: 1, succeeded: true},
	} {
		for _, f := range []fault{deletion, emptying, edit, usurp} {
			for _, g := range []fault{slow, lag, pause} {
				s := v
				s.name += ": " + names[f] + " and " + names[g]
				s.afford(f)
				s.afford(g)
				if s.late {
					s.budget[restart]++
				}
				all = append(all, &s)
			}
		}
	}
	// A process that is killed comes back on its state directory, twice if it
	// is killed twice.
	for f, name := range names {
		if name != "" {
			s := &setting{name: "restart in place and " + name, candidates: 2, retry: 1, claims: true}
			s.afford(inPlace)
			s.afford(fault(f))
			if fault(f) == crash {
				s.budget[restart], s.budget[inPlace] = 0, 2
			}
			all = append(all, s)
		}
	}
	return all
}

// afford lets a fault happen once more.
func (s *setting) afford(f fault) {
	switch f {
	case rename, inPlace:
		s.budget[crash]++
	case crash:
		s.budget[restart]++
	case withdraw:
		s.budget[campaign]++
	}
	s.budget[f]++
}

// TestModel searches all that can happen to two or three candidates: every
// order of sends, commits, replies, watch events and timers, with every fault
// at every place. A setting that is exhausted holds for histories of any
// length, the others for those of the depth that is printed.
func TestModel(t *testing.T) {
	all := settings()
	var explored, exhausted atomic.Int64
	most := *states
	if testing.Short() {
		most /= 20
	}
	t.Run("settings", func(t *testing.T) {
		for _, s := range all {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				r := search(s, most)
				t.Log(r)
				explored.Add(int64(r.states))
				if r.closed {
					exhausted.Add(1)
				}
				require.NoError(t, r.fault, r.trace)
			})
		}
	})
	t.Attr("model", fmt.Sprintf("%d states of %d settings, %d of them exhausted", explored.Load(), len(all), exhausted.Load()))
}

// TestModelIsTheSame: a search is not left to chance, so that its traces can be
// had again.
func TestModelIsTheSame(t *testing.T) {
	s := &setting{name: "twice", candidates: 2, retry: 1}
	s.afford(deletion)
	a, b := search(s, 5000), search(s, 5000)
	require.Equal(t, a.states, b.states)
	require.Equal(t, a.moves, b.moves)
}

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	"github.com/regent-ha/regent/internal/narrator"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

func TestRow(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	l := live{names: []string{"a", "b"}, at: start}
	first := traffic.Tally{Began: map[string]int{"a": 100, "b": 50}, Open: map[string]int{"a": 60, "b": 40}, Replies: map[string]int{"a": 900, "b": 300}}
	require.Equal(t, "a 60+50  b 40+25   600 req/s moved 0 broken 0", l.row(first, start.Add(2*time.Second), verdict.Verdict{}))
	l.add("c")
	l.add("c")
	second := traffic.Tally{Began: map[string]int{"a": 110, "b": 50, "c": 7}, Open: map[string]int{"a": 60, "c": 7}, Replies: map[string]int{"a": 2900, "b": 300}}
	faults := verdict.Verdict{Broken: make([]traffic.Fault, 3), Lost: make([]traffic.Fault, 2), Moved: make([]traffic.Fault, 1), Killed: 70, Refused: 20, LostKilled: 10}
	row := l.row(second, start.Add(3*time.Second), faults)
	require.Equal(t, "a 60+10  b 0+0    c 7+7    2000 req/s moved 1 broken 5 (100)", row)
	l.add("d")
	require.Len(t, narrator.Wrap(l.row(second, start.Add(4*time.Second), faults), narrator.Width-10), 1, "a row is a line")
}

func TestShares(t *testing.T) {
	t.Parallel()
	before := traffic.Tally{Began: map[string]int{"a": 10, "b": 10}}
	after := traffic.Tally{Began: map[string]int{"a": 40, "b": 10, "c": 70}}
	got := share(before, after)
	l := live{names: []string{"a", "b", "c"}}
	require.Equal(t, "a 30 %, b 0 %, c 70 %", l.shares(got))
	for name, c := range map[string]struct {
		want map[string]float64
		near bool
	}{
		"exact":     {map[string]float64{"a": 1. / 3, "b": 0, "c": 2. / 3}, true},
		"by chance": {map[string]float64{"a": 0.4, "b": 0, "c": 0.6}, true},
		"too far":   {map[string]float64{"a": 0.5, "b": 0, "c": 0.5}, false},
		"not none":  {map[string]float64{"a": 0.3, "b": 0.3, "c": 0.4}, false},
		"none":      {map[string]float64{"a": 0, "b": 0, "c": 0.67}, false},
	} {
		require.Equal(t, c.near, near(got, c.want), name)
	}
	require.False(t, near(share(after, after), map[string]float64{"a": 0}), "there are no connections at all")
}

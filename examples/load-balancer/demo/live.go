package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// live tells what happened since it was last asked.
type live struct {
	names []string // of endpoints, in their order
	last  traffic.Tally
	at    time.Time
}

// row is what a second was like, on a line: for each endpoint its open
// connections and those that are new, then the rate of UDP requests, then faults.
func (l *live) row(now traffic.Tally, at time.Time, v verdict.Verdict) string {
	seconds := at.Sub(l.at).Seconds()
	var b strings.Builder
	requests := 0
	for _, name := range l.names {
		fresh := float64(now.Began[name]-l.last.Began[name]) / seconds
		fmt.Fprintf(&b, "%-9s", fmt.Sprintf("%s %d+%.0f", name, now.Open[name], fresh))
		requests += now.Replies[name] - l.last.Replies[name]
	}
	fmt.Fprintf(&b, "%4.0f req/s moved %d broken %d", float64(requests)/seconds, len(v.Moved), len(v.Broken)+len(v.Lost))
	if n := v.Killed + v.Refused + v.LostKilled; n > 0 {
		fmt.Fprintf(&b, " (%d)", n)
	}
	l.last, l.at = now, at
	return b.String()
}

// share is the part of new connections that each endpoint got between two
// tallies.
func share(before, after traffic.Tally) map[string]float64 {
	total := 0
	for name := range after.Began {
		total += after.Began[name] - before.Began[name]
	}
	parts := make(map[string]float64)
	for name := range after.Began {
		if total > 0 {
			parts[name] = float64(after.Began[name]-before.Began[name]) / float64(total)
		}
	}
	return parts
}

// shares is share in words, in the order of the endpoints.
func (l *live) shares(parts map[string]float64) string {
	var all []string
	for _, name := range l.names {
		all = append(all, fmt.Sprintf("%s %.0f %%", name, 100*parts[name]))
	}
	return strings.Join(all, ", ")
}

// add has a further endpoint in the rows.
func (l *live) add(name string) {
	if !slices.Contains(l.names, name) {
		l.names = append(l.names, name)
	}
}

// near: the shares are as wanted, give or take what chance does to some hundred
// connections. None is none.
func near(got, want map[string]float64) bool {
	for name, w := range want {
		if g := got[name]; w == 0 && g != 0 || math.Abs(g-w) > 0.12 {
			return false
		}
	}
	return len(got) > 0
}

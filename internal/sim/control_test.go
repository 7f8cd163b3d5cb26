package sim_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/sim"
)

var (
	control = flag.Uint64("control", 300, "how many schedules to play with client-go's elector and with Regent's")
	table   = flag.String("table", "", "the document whose table is to be written anew")
)

// flaws are what a play can show, and what is counted.
func flaws() [][2]string {
	return [][2]string{
		{"F1", "works on past its lease, counting its deadline from a late reply"},
		{"F2", "releases, or tries to, before it cancels the work"},
		{"F2b", "releases under work that drains, or drains beside the next leader"},
		{"F3", "works on after it has read that another holds the lock"},
		{"F4", "empties the lock of its successor"},
		{"F6", "works on after it has read that the lock is gone"},
		{"F8", "two of one identity lead at once"},
		{"F10", "nobody leads for longer than L + 2P, without a fault"},
		{"F11", "says that it leads after its lease has run out"},
		{"F16", "nobody leads for longer than L + 2P, since a request hangs"},
		{mixed, "takes a lock before it has expired, by shorter settings of its own"},
	}
}

const mixed = "mixed settings"

// settings are played apart, with partitions: two at work are counted.
func settings() []struct {
	flaw, says string
	sim.Timings
} {
	second := time.Second
	return []struct {
		flaw, says string
		sim.Timings
	}{
		{"F5", "refuses it", sim.Timings{Lease: 1900 * time.Millisecond, Renew: 1500 * time.Millisecond, Retry: 300 * time.Millisecond}},
		{"F7", "refuses it", sim.Timings{Lease: 15 * second, Renew: 14 * second, Retry: 4 * second}},
		{"(default)", "0", sim.Timings{Lease: 15 * second, Renew: 10 * second, Retry: 2 * second}},
	}
}

// tally counts schedules by flaw.
type tally struct {
	broken    map[string]int
	first     map[string]uint64 // seed that shows it
	schedules int               // with any violation
	takeOvers []time.Duration
}

func newTally() *tally { return &tally{broken: make(map[string]int), first: make(map[string]uint64)} }

func (c *tally) add(r sim.Result) {
	seen := make(map[string]bool)
	for _, v := range r.Violations {
		seen[v.Flaw] = true
	}
	for flaw := range seen {
		if c.broken[flaw]++; c.first[flaw] == 0 {
			c.first[flaw] = r.Plan.Seed
		}
	}
	if len(seen) > 0 {
		c.schedules++
	}
	c.takeOvers = append(c.takeOvers, r.TakeOvers...)
}

func (c *tally) median() time.Duration {
	slices.Sort(c.takeOvers)
	return c.takeOvers[len(c.takeOvers)/2].Round(time.Millisecond)
}

// TestControl plays the same plans with client-go's elector: a checker that
// finds nothing wrong with it could not find anything. With -table it writes
// what it has counted into a document.
func TestControl(t *testing.T) {
	theirs, ours := newTally(), newTally()
	n := *control
	if testing.Short() {
		n = 100
	}
	for seed := uint64(1); seed <= n; seed++ {
		theirs.add(play(t, sim.Draw(seed), sim.Options{Make: sim.ClientGo}))
		ours.add(play(t, sim.Draw(seed), sim.Options{}))
	}
	require.Zero(t, ours.schedules, "Regent breaks a promise")
	rows := [][4]string{{"", "schedules in which it", "client-go", "Regent"}, {"---", "---", "---", "---"}}
	for _, f := range flaws() {
		rows = append(rows, [4]string{f[0], f[1], fmt.Sprintf("%d of %d, first seed %d", theirs.broken[f[0]], n, theirs.first[f[0]]), "0"})
	}
	rows = append(rows, [4]string{"", "*breaks any of these*", fmt.Sprintf("%d of %d", theirs.schedules, n), "0"})
	for _, s := range settings() {
		plays := max(n/10, 10)
		overlaps := partitions(t, s.Timings, plays, sim.ClientGo)
		if s.says == "0" {
			require.Zero(t, partitions(t, s.Timings, plays, nil), "Regent has two at work")
		}
		theirs.broken[s.flaw] = overlaps
		rows = append(rows, [4]string{s.flaw, fmt.Sprintf("has two at work under partitions, at %v / %v / %v", s.Lease, s.Renew, s.Retry),
			fmt.Sprintf("%d of %d", overlaps, plays), s.says})
	}
	rows = append(rows, [4]string{"F10", "(median time from a release to the next holder)", fmt.Sprint(theirs.median()), fmt.Sprint(ours.median())})
	var text strings.Builder
	for i, r := range rows {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(r[:], " | "))
		if i > 1 {
			t.Attr("client-go", strings.Join(r[:], " | "))
		}
	}
	for _, f := range []string{"F1", "F2", "F2b", "F3", "F5", "F6", "F7", "F11"} {
		require.NotZero(t, theirs.broken[f], "the checker does not find %s", f)
	}
	if *table != "" {
		writeTable(t, *table, text.String())
	}
}

// partitions counts the schedules in which two are at work.
func partitions(t *testing.T, settings sim.Timings, plays uint64, m sim.Maker) (overlaps int) {
	t.Helper()
	for seed := range plays {
		r := play(t, sim.Partitions(seed+1, settings), sim.Options{Make: m})
		if slices.ContainsFunc(r.Violations, func(v sim.Violation) bool { return v.Rule == sim.TwoWorks || v.Rule == sim.TwoTerms }) {
			overlaps++
		}
	}
	return overlaps
}

// writeTable replaces what stands between two marks.
func writeTable(t *testing.T, path, rows string) {
	t.Helper()
	const begin, end = "<!-- make control writes from here -->\n", "<!-- to here -->\n"
	data, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(data), begin)
	require.True(t, ok, "%s has no line %q", path, begin)
	_, tail, ok := strings.Cut(rest, end)
	require.True(t, ok, "%s has no line %q", path, end)
	require.NoError(t, os.WriteFile(path, []byte(head+begin+rows+end+tail), 0o644))
}

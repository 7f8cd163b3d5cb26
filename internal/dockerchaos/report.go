package dockerchaos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is what came of a trial.
type Report struct {
	Name     string // as in its lines
	Network  string // which it had; all that it made in the engine is labelled with it
	Rounds   int
	History  History
	Findings []Finding
}

// Table puts reports side by side.
func Table(reports []Report) string {
	var text strings.Builder
	row := func(what string, value func(Report) string) {
		fmt.Fprintf(&text, "  %-58s", what)
		for _, r := range reports {
			fmt.Fprintf(&text, " %19s", value(r))
		}
		text.WriteByte('\n')
	}
	all := make(map[string]figures)
	for _, r := range reports {
		all[r.Name] = r.History.figures()
	}
	number := func(what string, n func(Report) int) {
		row(what, func(r Report) string { return fmt.Sprint(n(r)) })
	}
	times := func(what string, of func(figures) []time.Duration) {
		row(what, func(r Report) string { return spread(of(all[r.Name])) })
	}
	row("", func(r Report) string { return r.Name })
	number("rounds", func(r Report) int { return r.Rounds })
	number("times that a replica was disconnected and connected", func(r Report) int { return len(r.History.Cuts) })
	number("  of these a leader that led on", func(r Report) int { return all[r.Name].kept })
	number("terms", func(r Report) int { return all[r.Name].terms })
	number("  by a leader that was back before its lease ran out", func(r Report) int { return all[r.Name].regained })
	row("", func(Report) string { return "times median worst" })
	times("cut off: stopped after the deadline", func(f figures) []time.Duration { return f.overtime })
	times("takeover: after the lease ran out", func(f figures) []time.Duration { return f.late })
	times("  by one that had been cut off itself just before", func(f figures) []time.Duration { return f.fresh })
	times("takeover, when all were cut off: after the first was back", func(f figures) []time.Duration { return f.waited })
	times("new leader: until it has handled a change", func(f figures) []time.Duration { return f.idle })
	number("  terms that ended before that", func(r Report) int { return all[r.Name].barren })
	number("changes written", func(r Report) int { return len(r.History.Written) })
	times("  how long the API server took to answer", func(f figures) []time.Duration { return f.answers })
	number("changes handled", func(r Report) int { return len(r.History.Marks) })
	number("  written in time, and held up by the network", func(r Report) int { return r.History.belated() })
	for _, rule := range Rules() {
		number(string(rule), func(r Report) int {
			return len(slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Rule != rule }))
		})
	}
	return text.String()
}

// spread is how many there are, their median, and the worst.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	all = slices.Sorted(slices.Values(all))
	n := len(all)
	return fmt.Sprintf("%d %s %s", n, short((all[(n-1)/2]+all[n/2])/2), short(all[n-1]))
}

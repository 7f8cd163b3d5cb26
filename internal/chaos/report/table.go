package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
)

// Table is what came of rounds, in Markdown.
func Table(rounds []Round) string {
	var b strings.Builder
	row := func(name string, cell func(Round) string) {
		b.WriteString("| " + name + " |")
		for _, r := range rounds {
			b.WriteString(" " + cell(r) + " |")
		}
		b.WriteString("\n")
	}
	number := func(name string, n func(Round) int) {
		row(name, func(r Round) string { return fmt.Sprint(n(r)) })
	}
	head := func() {
		row("", func(r Round) string { return r.title() })
		b.WriteString(strings.Repeat("| --- ", len(rounds)+1) + "|\n")
	}
	head()
	row("lease / renew deadline / retry period", func(r Round) string { return r.String() })
	number("faults of the leader", func(r Round) int { return sum(r.Faults) })
	number("faults of a standby beside them", func(r Round) int { return sum(r.Asides) })
	number("terms", func(r Round) int { return len(r.Terms) })
	number("another replica came to lead", func(r Round) int { return r.Changes })
	row("why terms ended", func(r Round) string { return r.ends() })
	number("increments begun", func(r Round) int { return r.Increments })
	number("written", func(r Round) int { return r.Written })
	number("stopped by the gate", func(r Round) int { return r.Refused })
	number("outcome unknown to the client", func(r Round) int { return r.Unknown })
	number("writes that came when a later term's leader had come before", func(r Round) int { return r.Stale })
	number("of these, begun after the work of a later term", func(r Round) int { return r.Behind })
	number("writes that the tokens stopped", func(r Round) int { return r.Stopped })
	row("register that compares tokens", func(r Round) string { return verdict(r.Guarded) })
	row("register that does not", func(r Round) string { return verdict(r.Taken) })
	number("two at work: one had been stopped past its lease", func(r Round) int { return r.OverStopped })
	number("two at work: one overran, after OnFence", func(r Round) int { return r.Overran })
	row("after SIGCONT a stale leader knew within", func(r Round) string { return ms(r.Noticed) })
	number("terms that lasted by a renewal without an answer", func(r Round) int { return r.Recognised })
	row("work was told to stop after its deadline by at most", func(r Round) string { return ms(r.Late) })
	row("nobody led after the faults were over for at most", func(r Round) string { return ms(r.Missing) })
	number("**broken promises**", func(r Round) int { return len(r.Violations) })
	b.WriteString("\nFrom the fault to the next term: how often, median, worst.\n\n")
	head()
	for _, k := range plan.Kinds() {
		row(string(k), func(r Round) string { return r.takeover(string(k)) })
	}
	return b.String()
}

func (r Round) title() string {
	if r.Gate {
		return "gate"
	}
	return "control: no gate"
}

// ends is why terms ended.
func (r Round) ends() string {
	var parts []string
	ends := r.Ends()
	for _, why := range r.Causes() {
		parts = append(parts, fmt.Sprintf("%s %d", why, ends[why]))
	}
	return strings.Join(parts, ", ")
}

// takeover is how long it took another term to begin after a fault.
func (r Round) takeover(kind string) string {
	took := slices.Sorted(slices.Values(r.Takeovers[kind]))
	if len(took) == 0 {
		return fmt.Sprintf("0 of %d", r.Faults[kind])
	}
	return fmt.Sprintf("%d of %d: %s, %s", len(took), r.Faults[kind], ms(took[len(took)/2]), ms(took[len(took)-1]))
}

func verdict(v history.Verdict) string {
	says := "linearizable"
	switch v.Result {
	case porcupine.Illegal:
		says = "*not* linearizable"
	case porcupine.Unknown:
		says = "not decided"
	case porcupine.Ok:
	}
	return fmt.Sprintf("%s (%d operations, %d unknown; %v)", says, v.Operations, v.Unknown, v.Took.Round(time.Millisecond))
}

func sum(counts map[string]int) (n int) {
	for c := range maps.Values(counts) {
		n += c
	}
	return n
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

package outcome

import (
	"fmt"
	"time"

	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Targets compares the results with the bounds that were set before anything
// was measured. What was not measured is not among them.
func (r Results) Targets() (all []report.Target) {
	for i, flows := range r.flows() {
		for _, bound := range []struct {
			state State
			most  []time.Duration // with few flows, with many; of a million packets
		}{
			{Stable, []time.Duration{25 * ns, 30 * ns}},
			{Changing, []time.Duration{75 * ns, 480 * ns}},
			{Excepted, []time.Duration{75 * ns, 480 * ns}},
			{Hit, []time.Duration{50 * ns, 220 * ns}},
		} {
			p, ok := r.packets(Case{Program: Regent, State: bound.state, Flows: flows, VIPs: 1})
			if !ok {
				continue
			}
			d, most := p.Net.Median(), bound.most[min(i, 1)]
			all = append(all, report.Target{
				What:  fmt.Sprintf("IPv4, %s, %s flows", bound.state, count(flows)),
				Bound: fmt.Sprintf("≤ %d ns", most/ns), Measured: nanos(d) + " ns", Met: d <= most,
			})
			if bound.state == Stable {
				all = append(all, r.sixTarget(p)...)
			}
		}
		if f, ok := r.frames(Case{Program: Regent, State: Stable, Flows: flows, VIPs: 1}); ok {
			all = append(all, report.Target{
				What: fmt.Sprintf("real frames, %s flows", count(flows)), Bound: "≥ 8 Mpps",
				Measured: fmt.Sprintf("%s Mpps, %s of the floor's", rate(f.Median()), r.share(f, Floor)), Met: f.Median() >= 8,
			})
		}
	}
	for _, m := range r.Memory {
		if m.Most > 0 {
			all = append(all, report.Target{
				What: "maps: " + m.What, Bound: fmt.Sprintf("≤ %d MiB", m.Most), Measured: mib(m.Bytes()) + " MiB", Met: m.Bytes() <= uint64(m.Most)<<20,
			})
		}
	}
	return all
}

// ns is a nanosecond of one packet, as samples have it: of a million of them.
const ns = time.Millisecond

// sixTarget compares IPv6 with IPv4.
func (r Results) sixTarget(four Packets) []report.Target {
	c := four.Case
	c.IPv6 = true
	six, ok := r.packets(c)
	if !ok {
		return nil
	}
	x := stats.Ratio(six.Net.Median(), four.Net.Median())
	return []report.Target{{
		What: fmt.Sprintf("IPv6 beside IPv4, %s, %s flows", c.State, count(c.Flows)), Bound: "≤ 1.4 ×", Measured: report.Times(x), Met: x <= 1.4,
	}}
}

package outcome

import (
	"fmt"
	"slices"
	"strings"

	"github.com/regent-ha/regent/internal/bench/report"
)

// Markdown is all tables, each under a heading of the fourth level.
func (r Results) Markdown() string {
	var b strings.Builder
	m := r.Machine
	size := "The full size"
	if r.Quick {
		size = "**The quick size: these figures show that the benchmark works, not how fast anything is**"
	}
	fmt.Fprintf(&b, "%s, in %.0f s. %d CPUs (%s), load %.1f before it began, %s, kernel %s, %s.\n\n",
		size, r.Took, m.CPUs, m.Model, r.Load, m.System, m.Kernel, m.Go)
	for _, part := range []struct {
		heading string
		rows    [][]string
	}{
		{"Targets", r.targetRows()},
		{"Nanoseconds of a packet, one VIP", r.packetRows(func(c Case) bool { return !c.Bare && c.VIPs == 1 })},
		{"The same with many VIPs", r.packetRows(func(c Case) bool { return !c.Bare && c.VIPs > 1 })},
		{"The same without CAP_PERFMON, one VIP", r.packetRows(func(c Case) bool { return c.Bare })},
		{"Real frames of 64 bytes", r.frameRows()},
		{"Memory of maps", r.memoryRows()},
		{"Configuration", r.applyRows()},
	} {
		if len(part.rows) > 1 { // else it was not measured
			fmt.Fprintf(&b, "#### %s\n\n%s\n", part.heading, report.Table(part.rows))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (r Results) targetRows() [][]string {
	rows := [][]string{{"", "target", "measured", ""}}
	for _, t := range r.Targets() {
		rows = append(rows, []string{t.What, t.Bound, t.Measured, t.State()})
	}
	return rows
}

// packetRows have a row for each program and state, and columns for each number
// of flows.
func (r Results) packetRows(of func(Case) bool) [][]string {
	flows := r.flows()
	rows := [][]string{{""}}
	for _, n := range flows {
		rows[0] = append(rows[0], count(n)+" flows", "10–90 %", "÷ floor", "÷ LRU table")
	}
	shown := make(map[Case]bool)
	for _, p := range r.Packets {
		if !of(p.Case) || shown[p.anyFlows()] || p.Program == Generator && p.State == Miss {
			continue
		}
		shown[p.anyFlows()] = true
		row := []string{p.name()}
		for _, n := range flows {
			row = append(row, r.packetCells(p.Case, n)...)
		}
		rows = append(rows, row)
	}
	return rows
}

// packetCells are the figures of a case with so many flows.
func (r Results) packetCells(c Case, flows int) []string {
	if c.Flows != 0 {
		c.Flows = flows
	} else if flows != r.flows()[0] { // there is no end of them: once is enough
		return []string{"–", "–", "–", "–"}
	}
	p, ok := r.packets(c)
	if !ok {
		return []string{"–", "–", "–", "–"}
	}
	sample := p.Net
	if c.Program == Generator {
		sample = p.Gross
	}
	cells := []string{nanos(sample.Median()), nanos(sample.Quantile(0.1)) + "–" + nanos(sample.Quantile(0.9)), "–", "–"}
	for i, other := range []Program{Floor, Table} {
		o, ok := r.packets(c.against(other))
		if ok && c.Program == Regent {
			cells[2+i] = ratio(p.Net, o.Net)
		}
	}
	return cells
}

func (r Results) frameRows() [][]string {
	rows := [][]string{{""}}
	flows := r.flows()
	for _, n := range flows {
		rows[0] = append(rows[0], count(n)+" flows: Mpps", "least–most", "of the floor's", "× nftables", "lost")
	}
	shown := make(map[Case]bool)
	for _, f := range r.Frames {
		if shown[f.anyFlows()] {
			continue
		}
		shown[f.anyFlows()] = true
		row := []string{f.name()}
		for _, n := range flows {
			c := f.Case
			c.Flows = n
			f, ok := r.frames(c)
			if !ok {
				row = append(row, "–", "–", "–", "–", "–")
				continue
			}
			row = append(row, rate(f.Median()), rate(slices.Min(f.Rates))+"–"+rate(slices.Max(f.Rates)),
				r.share(f, Floor), r.times(f, NFTables), fmt.Sprintf("%.2g %%", 100*float64(max(f.Lost, 0))/float64(f.Sent)))
		}
		rows = append(rows, row)
	}
	return rows
}

func (r Results) share(f Frames, of Program) string {
	if o, ok := r.frames(f.against(of)); ok {
		return fmt.Sprintf("%.0f %%", 100*f.Median()/o.Median())
	}
	return "–"
}

func (r Results) times(f Frames, of Program) string {
	if o, ok := r.frames(f.against(of)); ok {
		return report.Times(f.Median() / o.Median())
	}
	return "–"
}

func (r Results) memoryRows() [][]string {
	rows := [][]string{{"", "MiB", "the largest maps"}}
	for _, m := range r.Memory {
		rows = append(rows, []string{m.What, mib(m.Bytes()), m.largest()})
	}
	return rows
}

func (r Results) applyRows() [][]string {
	rows := [][]string{{"", "times", "p50", "least", "most"}}
	for _, a := range r.Apply {
		rows = append(rows, []string{
			a.What, fmt.Sprint(len(a.Took)), report.Millis(a.Took.Median()), report.Millis(a.Took.Min()), report.Millis(a.Took.Max()),
		})
	}
	return rows
}

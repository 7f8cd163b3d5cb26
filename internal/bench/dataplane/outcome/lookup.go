package outcome

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// packets finds those of a case.
func (r Results) packets(c Case) (Packets, bool) {
	for _, p := range r.Packets {
		if p.Case == c {
			return p, true
		}
	}
	return Packets{}, false
}

// frames finds those of a case.
func (r Results) frames(c Case) (Frames, bool) {
	for _, f := range r.Frames {
		if f.Case == c {
			return f, true
		}
	}
	return Frames{}, false
}

// flows are the numbers of flows, the smaller first.
func (r Results) flows() (all []int) {
	for _, p := range r.Packets {
		all = append(all, p.Flows)
	}
	for _, f := range r.Frames {
		all = append(all, f.Flows)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n == 0 })
}

// against is the same traffic, for another program. The floor does not look at
// VIPs.
func (c Case) against(p Program) Case {
	c.Program, c.State = p, ""
	if p == Floor {
		c.VIPs = 1
	}
	return c
}

// anyFlows is the same for all numbers of flows.
func (c Case) anyFlows() Case {
	c.Flows = 0
	return c
}

// name says what was measured.
func (c Case) name() string {
	name := string(c.Program)
	switch c.Program {
	case Generator:
		name = "generator, taken off below"
	case Floor:
		name = "floor: parse, and back"
	case NFTables:
		name = "nftables DNAT"
	case Regent:
		name += ", " + string(c.State)
	}
	if c.VIPs > 1 {
		name += fmt.Sprintf(", %s VIPs", count(c.VIPs))
	}
	if c.IPv6 {
		return "IPv6: " + name
	}
	return "IPv4: " + name
}

// Median is the middle rate.
func (f Frames) Median() float64 {
	if len(f.Rates) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(f.Rates))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// largest are the names of the maps that take the most.
func (m Memory) largest() string {
	const shown = 4
	names := slices.SortedFunc(maps.Keys(m.Maps), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.Maps[b], m.Maps[a]), cmp.Compare(a, b))
	})
	var words []string
	for _, name := range names[:min(shown, len(names))] {
		words = append(words, name+" "+mib(m.Maps[name]))
	}
	return strings.Join(words, ", ")
}

// nanos is the time of one packet, of that of a million.
func nanos(million time.Duration) string {
	ns := float64(million) / float64(time.Millisecond)
	if ns >= 99.5 {
		return fmt.Sprintf("%.0f", ns)
	}
	return fmt.Sprintf("%.1f", ns)
}

// ratio is that of the medians.
func ratio(a, b stats.Sample) string {
	x := stats.Ratio(a.Median(), b.Median())
	if x < 10 {
		return fmt.Sprintf("%.2f ×", x)
	}
	return report.Times(x)
}

func rate(mpps float64) string { return fmt.Sprintf("%.2f", mpps) }

func mib(bytes uint64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

// count is a number with its thousands apart.
func count(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %03d", count(n/1000), n%1000)
}

package report

import (
	"fmt"
	"strings"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Markdown is all tables, each under a heading of the third level.
func (r Results) Markdown() string {
	var b strings.Builder
	m := r.Machine
	size := "The full size"
	if r.Quick {
		size = "**The quick size: these figures show that the benchmark works, not how fast anything is**"
	}
	fmt.Fprintf(&b, "%s, in %.0f s. %d CPUs, %s%s, %s, kube-apiserver %s, client-go %s.\n\n", size, r.Took, m.CPUs, m.System, kernel(m), m.Go,
		m.Kubernetes, m.ClientGo)
	for _, part := range []struct {
		heading string
		rows    [][]string
	}{
		{"Targets", r.targetRows()},
		{"Clean hand-over", r.handOverRows()},
		{"Crash", r.crashRows()},
		{"Requests at rest", r.restRows()},
		{"Processor time of the servers at rest", r.serverRows()},
		{"Memory and goroutines of one elector", r.footprintRows()},
	} {
		if len(part.rows) > 1 { // else it was not measured
			fmt.Fprintf(&b, "### %s\n\n%s\n", part.heading, Table(part.rows))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func kernel(m Machine) string {
	if m.Kernel == "" {
		return ""
	}
	return ", kernel " + m.Kernel
}

// Table aligns all columns but the first to the right.
func Table(rows [][]string) string {
	var b strings.Builder
	for i, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|---|%s\n", strings.Repeat("---:|", len(r)-1))
		}
	}
	return b.String()
}

func (r Results) targetRows() [][]string {
	rows := [][]string{{"", "target", "measured", ""}}
	for _, t := range r.Targets() {
		rows = append(rows, []string{t.What, t.Bound, t.Measured, t.State()})
	}
	return rows
}

func (r Results) handOverRows() [][]string {
	rows := [][]string{{"from the cancel to the next leader's work", "rounds", "p50", "p90", "p99", "max", "p50 ÷ floor", "p50 ÷ Regent", "p50 from the work's return"}}
	floor, _ := r.floor()
	for _, h := range r.HandOver {
		ours, measured := r.handOver(candidate.Regent, h.Standbys)
		p50 := h.Cancel.Median()
		p99 := "–" // of so few there is none
		if len(h.Cancel) >= 100 {
			p99 = Millis(h.Cancel.Quantile(0.99))
		}
		row := []string{h.Name(), fmt.Sprint(len(h.Cancel)), Millis(p50), Millis(h.Cancel.Quantile(0.9)), p99, Millis(h.Cancel.Max())}
		row = append(row, Times(stats.Ratio(p50, floor.Cancel.Median())), "–", "–")
		if h.Kind == candidate.ClientGo && measured {
			row[7] = Times(stats.Ratio(p50, ours.Cancel.Median()))
		}
		if len(h.Return) > 0 {
			row[8] = Millis(h.Return.Median())
		}
		rows = append(rows, row)
	}
	return rows
}

// Name says what was measured.
func (h HandOver) Name() string {
	name := fmt.Sprintf("%s, %d standby", h.Kind, h.Standbys)
	if h.Standbys != 1 {
		name += "s"
	}
	switch {
	case h.Kind == "":
		return "floor: a watch and two updates"
	case h.Variant != "":
		return name + ", " + string(h.Variant)
	}
	return name
}

func (r Results) crashRows() [][]string {
	rows := [][]string{{"late behind the expiry", "lease", "rounds", "least", "p50", "p90", "max", "overlaps"}}
	for _, c := range r.Crash {
		rows = append(rows, []string{string(c.Kind), c.Timings, fmt.Sprint(len(c.Late)), Millis(c.Late.Min()), Millis(c.Late.Median()), Millis(c.Late.Quantile(0.9)),
			Millis(c.Late.Max()), fmt.Sprint(c.Overlaps)})
	}
	return rows
}

func (r Results) restRows() [][]string {
	rows := [][]string{{"locks × replicas"}}
	cells := make(map[candidate.Kind]map[string]AtRest)
	for _, a := range r.AtRest {
		name := fmt.Sprintf("%d × %d", a.Locks, a.Replicas)
		if cells[a.Kind] == nil {
			cells[a.Kind] = make(map[string]AtRest)
			rows[0] = append(rows[0], string(a.Kind)+", per second and lock", "in all")
		}
		cells[a.Kind][name] = a
		if !named(rows, name) {
			rows = append(rows, []string{name})
		}
	}
	rows[0] = append(rows[0], "ratio")
	for i, row := range rows[1:] {
		for _, kind := range []candidate.Kind{candidate.Regent, candidate.ClientGo} {
			a := cells[kind][row[0]]
			row = append(row, fmt.Sprintf("%.2f", a.PerLock()), fmt.Sprintf("%.1f", a.Rate()))
		}
		ratio := cells[candidate.ClientGo][row[0]].Rate() / cells[candidate.Regent][row[0]].Rate()
		rows[i+1] = append(row, Times(ratio))
	}
	return rows
}

func named(rows [][]string, name string) bool {
	for _, r := range rows {
		if r[0] == name {
			return true
		}
	}
	return false
}

func (r Results) serverRows() [][]string {
	rows := [][]string{{"", "electors", "requests for Leases per second", "kube-apiserver", "etcd", "both, per elector", "all electors together"}}
	var idle Server
	for _, s := range r.Server {
		name, each := string(s.Kind), "–"
		if s.Electors == 0 {
			name, idle = "none", s
		} else {
			more := (s.APIServer+s.Etcd)/s.Window - (idle.APIServer+idle.Etcd)/idle.Window
			each = fmt.Sprintf("%.0f µs/s", more/float64(s.Electors)*1e6)
		}
		rows = append(rows, []string{name, fmt.Sprint(s.Electors), fmt.Sprintf("%.1f", s.Requests/s.Window), cpu(s.APIServer, s), cpu(s.Etcd, s), each, cpu(s.Clients, s)})
	}
	return rows
}

// cpu is a share of one processor.
func cpu(used float64, s Server) string {
	if s.APIServer == 0 {
		return "not known"
	}
	return fmt.Sprintf("%.1f %%", 100*used/s.Window)
}

func (r Results) footprintRows() [][]string {
	rows := [][]string{{"", "electors", "heap", "stacks", "goroutines", "with connections: heap", "stacks", "goroutines"}}
	for _, f := range r.Footprint {
		alone := f.Alone()
		rows = append(rows, []string{
			string(f.Kind) + ", " + f.Role, fmt.Sprint(f.Electors),
			size(alone.Heap), size(alone.Stack), fmt.Sprintf("%.1f", alone.Goroutines),
			size(f.With.Heap), size(f.With.Stack), fmt.Sprintf("%.1f", f.With.Goroutines),
		})
	}
	return rows
}

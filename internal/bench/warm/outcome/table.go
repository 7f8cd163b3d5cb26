package outcome

import (
	"fmt"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// target is how long a warm promotion may take to its first handled object, at
// the full size.
const target = 50 * time.Millisecond

// Markdown is the table, and where it comes from.
func (r Results) Markdown() string {
	var b strings.Builder
	m := r.Machine
	size := "The full size"
	if r.Quick {
		size = "**The quick size: these figures show that the benchmark works, not how fast anything is**"
	}
	system := m.System
	if m.Kernel != "" {
		system += ", kernel " + m.Kernel
	}
	fmt.Fprintf(&b, "%s, in %.0f s: %d pods of %.1f KB, %d workers. %d CPUs, %s, load %.1f before it began; %s, kube-apiserver %s, client-go %s, controller-runtime %s.\n\n",
		size, r.Took, r.Objects, float64(r.Bytes)/1000, r.Workers, m.CPUs, system, r.Load, m.Go, m.Kubernetes, m.ClientGo, r.ControllerRuntime)
	b.WriteString(report.Table(r.rows()))
	if warm, ok := r.row(Warm); ok {
		state := "missed"
		if warm.First.Median() <= target {
			state = "met"
		}
		fmt.Fprintf(&b, "\nTarget: the first object within %d ms of a warm promotion with 10 000 objects, in the median. Measured: %s with %d; %s.\n",
			target.Milliseconds(), micros(warm.First.Median()), r.Objects, state)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (r Results) rows() [][]string {
	rows := [][]string{{
		"from the election", "promotions", "lists in all", "first object: p50", "worst", "p50 ÷ warm", "all objects: p50", "worst", "p50 ÷ warm",
	}}
	warm, _ := r.row(Warm)
	for _, row := range r.Rows {
		lists := "–"
		if row.Counted {
			lists = fmt.Sprint(row.Before + row.Lists)
		}
		rows = append(rows, []string{
			string(row.Kind), fmt.Sprint(len(row.First)), lists,
			micros(row.First.Median()), micros(row.First.Max()), ratio(row.First, warm.First),
			micros(row.All.Median()), micros(row.All.Max()), ratio(row.All, warm.All),
		})
	}
	return rows
}

// ratio is that of the medians, with a digit that says something.
func ratio(a, b stats.Sample) string {
	x := stats.Ratio(a.Median(), b.Median())
	if x > 0 && x < 0.1 {
		return fmt.Sprintf("%.2g ×", x)
	}
	return report.Times(x)
}

// micros is a time as the other tables have it, and in microseconds if it is
// very short.
func micros(d time.Duration) string {
	if d < time.Millisecond/10 {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return report.Millis(d)
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/audit"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/narrator"
)

// figures are what the scenes measured.
type figures struct {
	handovers []handover
	late      []time.Duration // behind the end of a lease
}

const whereNext = `
PASS. Where to go next:
  examples/leader-election-controller/main.go    the controller that you saw
  examples/leader-election-controller/manifests  to run it in a cluster
  go doc ./leaderelection                        what is promised, what is not`

// conclude prints what was measured and compared. early is why the scenes
// could not be played to their end; nil if they were.
func (d *demo) conclude(early error) error {
	if early != nil {
		d.Title("Ended early: %v", early)
		d.lastLogs()
		if len(d.watch.Applied()) == 0 {
			return early
		}
	}
	d.measured()
	if err := errors.Join(early, d.compared(early != nil)); err != nil {
		return err
	}
	d.Print(whereNext)
	return nil
}

// lastLogs prints what the replicas logged last.
func (d *demo) lastLogs() {
	const most = 3
	text, err := os.ReadFile(filepath.Join(d.dir, "replica.log"))
	if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); err == nil && lines[0] != "" {
		d.Print("Last in the logs of the replicas (-logs keeps them):")
		for _, line := range lines[max(0, len(lines)-most):] {
			d.Print(indented(line))
		}
	}
}

func (d *demo) measured() {
	var signal, release []time.Duration
	for _, h := range d.figures.handovers {
		signal, release = append(signal, h.signal), append(release, h.release)
	}
	d.Print(fmt.Sprintf("\nMeasured (all on this machine)%28s %9s %7s", "median", "worst", "times"))
	d.row("SIGTERM → the next leader works", signal)
	d.row("  of which after the last handler had returned", release)
	d.row("client-go's elector: SIGTERM → the next leads", d.peer.took)
	d.row("crash or pause: lease ran out → the next works", d.figures.late)
}

func (d *demo) row(what string, all []time.Duration) {
	if len(all) == 0 {
		d.Print(fmt.Sprintf("  %-46s not measured", what))
		return
	}
	all = slices.Sorted(slices.Values(all))
	d.Print(fmt.Sprintf("  %-46s %9s %9s %7d", what, narrator.Milliseconds(median(all)), narrator.Milliseconds(all[len(all)-1]), len(all)))
}

// median is the middle one of sorted durations, or between the middle two.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// compared prints the verdict. early: what was in flight is not lost.
func (d *demo) compared(early bool) error {
	h := audit.History{Written: d.writer.Written(), Applied: d.watch.Applied(), Lines: d.fleet.Ledger.All()}
	refused := 0
	for _, line := range h.Lines {
		if line.Kind == journal.Refused {
			refused++
		}
	}
	d.Title("Compared: what the writer made, what a watch on the API server saw, and what\neach replica says")
	d.Print(fmt.Sprintf("  events written: %d, handled: %d", len(h.Written), len(h.Applied)))
	v := h.Judge()
	d.faults("events handled by two leaders at once", v.Overlaps)
	d.faults("handled twice", v.Twice)
	if early {
		d.Print(fmt.Sprintf("  not handled yet, at the early end: %d", len(v.Lost)))
		v.Lost = nil
	}
	d.faults("lost", v.Lost)
	d.faults("written by a leader after a later one had written", v.Fallen)
	d.faults("contradictions between the three", v.Unproven)
	d.Print(fmt.Sprintf("  writes refused because another leads: %d", refused))
	switch n := len(v.Faults()); {
	case n > 0:
		return fmt.Errorf("%s, see above", narrator.Count(n, "fault"))
	case len(h.Applied) == 0:
		return errors.New("nothing was handled, so nothing is shown")
	}
	return nil
}

func (d *demo) faults(what string, faults []string) {
	const most = 5
	d.Print(fmt.Sprintf("  %s: %d", what, len(faults)))
	for _, f := range faults[:min(len(faults), most)] {
		d.Print(indented(f))
	}
	if n := len(faults) - most; n > 0 {
		d.Print(fmt.Sprintf("      and %d more", n))
	}
}

func indented(text string) string {
	const by = "      "
	return by + strings.Join(narrator.Wrap(text, narrator.Width-len(by)), "\n"+by)
}

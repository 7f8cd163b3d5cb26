package main

import (
	"slices"
	"time"
)

// figures are what the scenes measured.
type figures struct {
	handovers []handover
	late      []time.Duration // behind the end of a lease
	refused   int
}

// maxFaults is how many of each kind are printed.
const maxFaults = 5

// conclude prints what was measured and compared.
func (d *demo) conclude() error {
	d.title("Measured")
	signal, release := d.figures.split()
	d.row("clean hand-over: SIGTERM → the next leader works", spread(signal))
	d.row("  of it after the last handler returned", spread(release))
	d.row("client-go's elector: SIGTERM → the next leads", spread(d.peer.took))
	d.row("crash or pause: lease ran out → the next leader works", spread(d.figures.late))
	d.more("(client-go's replicas have no handlers to drain; all processes share this machine)")

	h := history{d.writer.all(), d.audit.all(), d.fleet.ledger.all()}
	v := h.judge()
	d.title("Compared: %s that the writer made, %s that a watch on the API server saw,\n          and when each replica says that it began and ended each",
		count(len(h.written), "change"), count(len(h.applied), "handling"))
	d.faults("handled by two leaders at once", v.overlaps)
	d.faults("handled twice", v.twice)
	d.faults("lost", v.lost)
	d.faults("written by a leader after a later one wrote", v.fallen)
	d.faults("contradictions between those three", v.unproven)
	d.more("%5d  writes of a leader whose lease had run out were refused", d.figures.refused)
	if len(v.faults()) > 0 || len(h.written) == 0 {
		return errVerdict
	}
	d.title(`PASS

Where to go next
  examples/leader-election-controller/main.go     the controller that you saw, in 150 lines
  examples/leader-election-controller/manifests   to run it in a cluster: kubectl apply -k
  go doc github.com/regent-ha/regent/leaderelection   what is promised, and what is not`)
	return nil
}

func (d *demo) row(what, figures string) { d.more("%-55s %s", what, figures) }

func (d *demo) faults(what string, faults []string) {
	d.more("%5d  %s", len(faults), what)
	for _, f := range faults[:min(len(faults), maxFaults)] {
		d.more("         %s", f)
	}
	if n := len(faults) - maxFaults; n > 0 {
		d.more("         and %d more", n)
	}
}

func (f figures) split() (signal, release []time.Duration) {
	for _, h := range f.handovers {
		signal, release = append(signal, h.signal), append(release, h.release)
	}
	return signal, release
}

// spread is the median and the worst of some durations.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "not measured"
	}
	all = slices.Sorted(slices.Values(all))
	return "median " + ms(median(all)) + ", worst " + ms(all[len(all)-1]) + " of " + count(len(all), "time")
}

// median is the middle one of sorted durations, or between the middle two.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

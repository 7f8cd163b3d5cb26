package main

import (
	"context"
	"fmt"
	"time"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/clients"
	"github.com/regent-ha/regent/internal/narrator"
)

// figure is something that was measured.
type figure struct {
	what string
	took time.Duration
}

func (d *demo) figure(what string, took time.Duration) {
	d.figures = append(d.figures, figure{what, took})
}

const whereNext = `
PASS. Where to go next:
  examples/ha-server/main.go    the program that you saw
  examples/ha-server/manifests  to run it in a cluster
  go doc ./ha                   what is promised, what is not`

// end waits until all spaces are ready, and ends the replicas.
func (d *demo) end(ctx context.Context) error {
	d.Title("6. The end")
	t := d.load.Next()
	d.sum.Add(t)
	d.Begin("waiting for the leader to provision the last of %s", narrator.Count(len(d.load.Acknowledged()), "space"))
	const while = 5 * time.Second
	for last, since := -1, time.Now(); ; {
		h, err := d.history(ctx)
		if err != nil {
			return err
		}
		pending := h.Pending()
		if pending != last {
			last, since = pending, time.Now()
		}
		if pending == 0 || time.Since(since) > while { // the verdict tells who is left
			break
		}
		if err := pass(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	if err := pass(ctx, settle/5); err != nil { // what would be made twice
		return err
	}
	if err := d.pods.StopAll(); err != nil {
		return err
	}
	d.Say("all replicas were terminated and ended with exit code 0")
	return t.Err()
}

// conclude prints what was measured and compared.
func (d *demo) conclude(ctx context.Context) error {
	d.Print(fmt.Sprintf("\nMeasured (all on this machine, with %d requests a second)", clients.RequestsPerSecond))
	for _, f := range d.figures {
		d.Print(fmt.Sprintf("  %-56s %s", f.what, narrator.Milliseconds(f.took)))
	}
	h, err := d.history(ctx)
	if err != nil {
		return err
	}
	v := h.Judge()
	d.Title("Compared: what the clients were told, what the API server has, and what a\nwatch on it saw")
	d.Print(fmt.Sprintf("  requests answered as they should be: %d", d.sum.Total()))
	d.Print(fmt.Sprintf("  in flight to a replica that was killed: %d", d.sum.InFlight))
	d.Print(fmt.Sprintf("  refused by it before the clients took it out: %d", d.sum.Refused))
	d.Print(fmt.Sprintf("  spaces acknowledged: %d, provisioned: %d (some of those in flight, too),\n    by leaders with %s", len(h.Acked), len(h.Provisions), narrator.Count(len(h.Terms), "token")))
	faults := d.sum.Failed
	d.Print(fmt.Sprintf("  requests that failed on replicas that live: %d", d.sum.Failed))
	for _, f := range []struct {
		what string
		all  []string
	}{
		{"spaces acknowledged and lost", v.Lost},
		{"spaces not provisioned", v.Unprovisioned},
		{"provisioned twice", v.Twice},
		{"provisioned by a leader after a later one had", v.Fallen},
		{"provisioned by nobody's token", v.Strange},
	} {
		d.Print(fmt.Sprintf("  %s: %d", f.what, len(f.all)))
		for _, fault := range f.all[:min(len(f.all), 3)] {
			d.Print("      " + fault)
		}
		faults += len(f.all)
	}
	switch {
	case faults > 0:
		return fmt.Errorf("%s, see above", narrator.Count(faults, "fault"))
	case len(h.Acked) == 0:
		return fmt.Errorf("no space was acknowledged, so nothing is shown")
	}
	d.Print(whereNext)
	return nil
}

package main

import (
	"fmt"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	"github.com/regent-ha/regent/internal/narrator"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

const whereNext = `
PASS. Where to go next:
  examples/load-balancer/README.md  the program that you saw, and its file
  docs/dataplane.md                 a packet's way through it, and its limits`

// conclude compares what the clients have seen with what they may.
func (d *demo) conclude() error {
	t := d.load.Tally()
	v := verdict.Judge(t, d.incidentsUntil(time.Now()))
	total, replies := 0, 0
	for name := range t.Began {
		total += t.Began[name]
	}
	for name := range t.Replies {
		replies += t.Replies[name]
	}
	d.Title("What the clients have seen")
	d.Print(fmt.Sprintf("  TCP connections begun: %d, of which ended as they should: %d", total, t.Ended))
	d.Print(fmt.Sprintf("  bytes checked: %d MB; UDP requests answered: %d", t.Bytes/1_000_000, replies))
	d.Print("  with endpoints that were killed or cut off:")
	d.Print(fmt.Sprintf("    TCP connections broken: %d; refused before that was noticed: %d", v.Killed, v.Refused))
	d.Print(fmt.Sprintf("    UDP requests lost: %d; UDP flows that went on elsewhere: %d", v.LostKilled, v.Left))
	d.Print("  with endpoints that were well:")
	faults := 0
	for _, f := range []struct {
		what string
		all  []traffic.Fault
	}{
		{"TCP connections broken", v.Broken}, {"UDP requests lost", v.Lost}, {"UDP flows moved", v.Moved},
	} {
		d.Print(fmt.Sprintf("    %s: %d", f.what, len(f.all)))
		for _, fault := range f.all[:min(len(f.all), 3)] {
			d.Print("      " + fault.String())
		}
		faults += len(f.all)
	}
	switch {
	case faults > 0:
		return fmt.Errorf("%s, see above", narrator.Count(faults, "fault"))
	case total == 0 || replies == 0:
		return fmt.Errorf("%d connections and %d replies are too few, so nothing is shown", total, replies)
	}
	d.Print(whereNext)
	return nil
}

package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/quantity"
	"github.com/regent-ha/regent/ha/page"
)

// notes are the errors, which the headline only hints at.
func notes(r balancer.Report) []string {
	var all []string
	if r.NotReady != "" {
		all = append(all, "Not ready: "+r.NotReady)
	}
	if r.Apply.Error != "" {
		all = append(all, fmt.Sprintf("Not all could be applied, for %s: %s", page.Span(r.Now.Sub(r.Apply.FailingSince)), r.Apply.Error))
	}
	if n := len(r.File.Faults); n > 0 {
		faults := r.File.Faults[:min(n, firstFaults)]
		note := fmt.Sprintf("The file was refused %s ago, and changes nothing until it is mended:\n%s", page.Span(r.Now.Sub(r.File.RefusedSince)), strings.Join(faults, "\n"))
		if n > firstFaults {
			note += fmt.Sprintf("\nand %s", quantity.Plural(n-firstFaults, "more fault"))
		}
		all = append(all, note)
	}
	if r.File.Waiting > 0 {
		all = append(all, "The file waits for a first verdict on "+quantity.Plural(r.File.Waiting, "endpoint")+".")
	}
	if r.StatusError != "" {
		all = append(all, fmt.Sprintf("What is said of traffic is of %s ago: %s", page.Span(inSeconds(r.StatusSeconds)), r.StatusError))
	}
	if r.Unremembered > 0 {
		all = append(all, fmt.Sprintf("There was no room to remember connections %s times: changes take longer for that.", quantity.SI(float64(r.Unremembered))))
	}
	if len(r.Drained) > 0 {
		var names []string
		for _, d := range r.Drained {
			names = append(names, d.Endpoint)
		}
		all = append(all, page.Bound("Drained: "+strings.Join(names, ", "), 500))
	}
	return all
}

// instance is what this process does.
func instance(r balancer.Report) []page.Fact {
	role := page.Fact{Name: "Role", Value: "does not lead"}
	if r.Leads {
		role.Value = "leads"
		if r.Token == 0 {
			role.Note = "no election"
		} else {
			role.Note = fmt.Sprintf("term %d", r.Token)
		}
	}
	applied := page.Fact{Name: "Applied", Value: "nothing yet"}
	if r.Apply.Count > 0 {
		applied.Value = ago(r, r.Apply.Last)
		applied.Note = fmt.Sprintf("took %.1f s; %s", r.Apply.Seconds, quantity.Plural(r.Apply.Count, "time"))
	}
	if !r.Apply.Running.IsZero() {
		applied.Note = "and is being, for " + page.Span(r.Now.Sub(r.Apply.Running))
	}
	facts := []page.Fact{
		role,
		{Name: "Started", Value: ago(r, r.Started)},
		{Name: "File", Value: r.File.Path, Code: true},
		{Name: "Read", Value: ago(r, r.File.Loaded), Note: r.File.Sum},
		applied,
	}
	if r.LateChecks > 0 {
		facts = append(facts, page.Fact{Name: "Late probes", Value: fmt.Sprint(r.LateChecks), Note: "dead endpoints are noticed late"})
	}
	return facts
}

func traffic(r balancer.Report) []page.Fact {
	return []page.Fact{
		{Name: "Packets", Value: quantity.SI(r.Total.PacketsPerSecond) + " per second", Note: "to endpoints"},
		{Name: "Bits", Value: quantity.Unit(r.Total.BitsPerSecond, "bit/s")},
		{Name: "New", Value: quantity.SI(r.Total.ConnectionsPerSecond) + " connections per second"},
		{Name: "Passed", Value: quantity.Unit(r.PassedPerSecond, "packets/s"), Note: "of no service; " + quantity.SI(float64(r.Passed)) + " in all"},
	}
}

func ago(r balancer.Report, t time.Time) string {
	if t.IsZero() {
		return "not yet"
	}
	return page.Span(r.Now.Sub(t)) + " ago"
}

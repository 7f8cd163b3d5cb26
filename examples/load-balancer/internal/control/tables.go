package control

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/quantity"
	"github.com/regent-ha/regent/ha/page"
)

// writeStatus writes a report for people.
func writeStatus(out io.Writer, r balancer.Report) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) // Flush says it
	}
	line("state", "%s", state(r))
	if r.NotReady != "" {
		for missing := range strings.SplitSeq(r.NotReady, "\n") {
			line("", "%s", page.Visible(missing))
		}
	}
	line("file", "%s, %s, read %s ago", page.Visible(r.File.Path), r.File.Sum, ago(r, r.File.Loaded))
	if n := r.File.Waiting; n > 0 {
		line("", "waits for a first verdict on %s", quantity.Plural(n, "endpoint"))
	}
	if len(r.File.Faults) > 0 {
		line("REFUSED", "what the file says since %s is not followed", ago(r, r.File.RefusedSince))
		for _, fault := range r.File.Faults {
			line("", "%s", page.Visible(fault))
		}
	}
	if r.Apply.Count > 0 {
		line("applied", "%s, last %s ago, took %.1f s", quantity.Plural(r.Apply.Count, "time"), ago(r, r.Apply.Last), r.Apply.Seconds)
	}
	if r.Apply.Error != "" {
		line("FAILED", "to apply all, since %s: %s", ago(r, r.Apply.FailingSince), page.Visible(r.Apply.Error))
	}
	if r.StatusError != "" {
		line("OLD", "what follows is of %.0f s ago: %s", r.StatusSeconds, page.Visible(r.StatusError))
	}
	for i, n := range r.Interfaces {
		line(once("interfaces", i), "%s %s", page.Visible(n.Name), driver(n))
	}
	writeSums(line, r)
	for i, d := range r.Drained {
		line(once("drained", i), "%s for %s", d.Endpoint, ago(r, d.Since))
	}
	line("traffic", "%s, %s, %s", quantity.Unit(r.Total.PacketsPerSecond, "packets/s"), quantity.Unit(r.Total.BitsPerSecond, "bit/s"),
		quantity.Unit(r.Total.ConnectionsPerSecond, "connections/s"))
	line("passed", "%s, %s", quantity.Unit(float64(r.Passed), "packets"), quantity.Unit(r.PassedPerSecond, "packets/s"))
	shown := 0
	for _, d := range r.Drops {
		if d.Packets > 0 {
			line(once("dropped", shown), "%s: %s, %s", page.Visible(d.Reason), quantity.Unit(float64(d.Packets), "packets"), quantity.Unit(d.PacketsPerSecond, "packets/s"))
			shown++
		}
	}
	if shown == 0 {
		line("dropped", "nothing")
	}
	if r.Unremembered > 0 {
		line("NO ROOM", "for %s in the tables: changes take longer", quantity.Unit(float64(r.Unremembered), "connections"))
	}
	for i, t := range r.Tables {
		line(once("tables", i), "%s: %d of %d", page.Visible(t.Name), t.Used, t.Room)
	}
	return w.Flush()
}

// writeSums counts services and endpoints.
func writeSums(line func(name, format string, args ...any), r balancer.Report) {
	var endpoints, serving, down, without int
	for _, s := range r.Services {
		endpoints, serving, down = endpoints+s.Named(), serving+s.Serving, down+s.Down
		if s.Serving == 0 && s.Named() > 0 {
			without++
		}
	}
	line("services", "%d, with %s, %d serving, %d down", len(r.Services), quantity.Plural(endpoints, "endpoint"), serving, down)
	if without > 0 {
		line("NO ENDPOINT", "takes connections of %s", quantity.Plural(without, "service"))
	}
}

// state is what it does, in a line.
func state(r balancer.Report) string {
	words := []string{"running for " + ago(r, r.Started)}
	if r.Leads {
		words = append(words, "leads")
	} else {
		words = append(words, "does not lead")
	}
	if r.Ready {
		words = append(words, "ready")
	} else {
		words = append(words, "NOT READY")
	}
	return strings.Join(words, ", ")
}

func driver(i balancer.InterfaceReport) string {
	switch {
	case i.Driver != "":
		return i.Driver
	case i.Error != "":
		return "not attached: " + page.Visible(i.Error)
	}
	return "not attached"
}

// once is the name of a group, in its first line.
func once(name string, i int) string {
	if i > 0 {
		return ""
	}
	return name
}

func ago(r balancer.Report, t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return page.Span(r.Now.Sub(t))
}

// writeServices writes each service with its endpoints.
func writeServices(out io.Writer, r balancer.Report) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SERVICE\tENDPOINT\tWEIGHT\tHEALTH\tSHARE\tCONNECTIONS\tPACKETS/S\tBITS/S\tNEXT HOP") // Flush says it
	for _, s := range r.Services {
		name := s.Address + " " + s.Mode
		if s.Name != "" {
			name = s.Name + " " + name
		}
		looked := "all rows stable"
		if n := s.Changing + s.Excepted; n > 0 {
			looked = fmt.Sprintf("%d changing and %d excepted of %d rows", s.Changing, s.Excepted, s.Rows)
		}
		_, _ = fmt.Fprintf(w, "%s\t\t\t%s\t\t\t%s\t%s\t%s\n", name, serviceHealth(s), quantity.SI(s.PacketsPerSecond), quantity.SI(s.BitsPerSecond), looked)
		for _, e := range s.Endpoints {
			weight := fmt.Sprint(e.Weight)
			if e.Drained {
				weight = fmt.Sprintf("0 (%d)", e.Weight)
			}
			_, _ = fmt.Fprintf(w, "\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", e.Address, weight, health(e), quantity.Percent(e.Share),
				e.Connections, quantity.SI(e.PacketsPerSecond), quantity.SI(e.BitsPerSecond), cmp.Or(page.Visible(e.NextHop), "unknown"))
		}
	}
	return w.Flush()
}

func serviceHealth(s balancer.ServiceReport) string {
	switch {
	case s.Named() == 0:
		return "NO ENDPOINTS"
	case s.Serving == 0 && s.Down == s.Named():
		return "ALL DOWN"
	case s.Serving == 0:
		return "NONE SERVES"
	}
	return fmt.Sprintf("%d of %d", s.Serving, s.Named())
}

func health(e balancer.EndpointReport) string {
	words := string(e.Health)
	if e.Drained {
		words += ", drained"
	}
	if !e.HeldUntil.IsZero() {
		words += ", held"
	}
	return words
}

// flowTable writes connections in columns, without knowing them all.
type flowTable struct {
	out io.Writer
	n   int
}

func newFlowTable(out io.Writer) *flowTable { return &flowTable{out: out} }

const flowColumns = "%-4s %-11s %-22s %-22s %-22s %-22s %8s %8s\n"

func (t *flowTable) write(f Flow) error {
	if t.n == 0 {
		if _, err := fmt.Fprintf(t.out, flowColumns, "", "STATE", "CLIENT", "VIP", "ENDPOINT", "SNAT", "IDLE", "EXPIRES"); err != nil {
			return err
		}
	}
	t.n++
	snat := f.SNAT
	if snat == "" {
		snat = "-"
	}
	_, err := fmt.Fprintf(t.out, flowColumns, f.Protocol, page.Visible(f.State), f.Client, f.VIP, f.Endpoint, snat, inSeconds(f.IdleSeconds), inSeconds(f.ExpiresSeconds))
	return err
}

// end says how many there were.
func (t *flowTable) end() error {
	_, err := fmt.Fprintf(t.out, "%s. Those on stable rows of a table are not remembered.\n", quantity.Plural(t.n, "connection"))
	return err
}

func inSeconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

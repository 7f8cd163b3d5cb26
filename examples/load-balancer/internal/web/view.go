package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/quantity"
	"github.com/regent-ha/regent/ha/page"
)

// How many are seen: /status.json has them all.
const (
	firstServices  = 50
	firstEndpoints = 20
	firstFaults    = 10
)

// view is a Page as the template shows it. It is made of nothing else, so that
// people and programs are told the same.
type view struct {
	Page
	Badge             page.Badge
	Notes             []string
	Services          []serviceView
	MoreServices      int
	Instance, Traffic []page.Fact
	Interfaces        []interfaceView
	Drops             []balancer.DropReport
	Tables            []page.Bar
	NoInterfaces      bool
}

type serviceView struct {
	Name, Address, About string
	Badge                page.Badge
	Rates                ratesView
	Rows                 *page.Bar // off the fast path
	Endpoints            []endpointView
	MoreEndpoints        int
}

type endpointView struct {
	Share page.Bar // labelled with the address
	Badge page.Badge
	Note  string
	Rates ratesView
}

type ratesView struct{ Packets, Bits, Connections string }

type interfaceView struct {
	Name, Error string
	Badge       page.Badge
}

func newView(r balancer.Report) view {
	v := view{Page: newPage(r), Notes: notes(r), Instance: instance(r), Traffic: traffic(r), NoInterfaces: len(r.Interfaces) == 0}
	v.Badge, _ = headline(r)
	services := slices.Clone(r.Services)
	slices.SortStableFunc(services, func(a, b balancer.ServiceReport) int { return cmp.Compare(rank(b), rank(a)) })
	for _, s := range services[:min(len(services), firstServices)] {
		v.Services = append(v.Services, newServiceView(r, s))
	}
	v.MoreServices = len(services) - len(v.Services)
	for _, i := range r.Interfaces {
		v.Interfaces = append(v.Interfaces, newInterfaceView(i))
	}
	for _, d := range r.Drops {
		if d.Packets > 0 {
			v.Drops = append(v.Drops, d)
		}
	}
	for _, t := range r.Tables {
		v.Tables = append(v.Tables, newTableBar(t))
	}
	return v
}

// rank is how much attention a service asks for: those that have none stay in
// the order of the file.
func rank(s balancer.ServiceReport) int {
	switch {
	case s.Serving == 0:
		return 2
	case s.Down > 0:
		return 1
	}
	return 0
}

func newServiceView(r balancer.Report, s balancer.ServiceReport) serviceView {
	v := serviceView{
		Name: s.Name, Address: s.Address, About: about(s), Rates: newRatesView(s.Rates),
		Badge: page.Badge{Tone: page.Active, Text: fmt.Sprintf("%d of %d serving", s.Serving, s.Named())},
	}
	switch {
	case s.Named() == 0:
		v.Badge = page.Badge{Tone: page.Fault, Text: "no endpoints"}
	case s.Serving == 0 && s.Down == s.Named():
		v.Badge = page.Badge{Tone: page.Fault, Text: "all down"}
	case s.Serving == 0:
		v.Badge = page.Badge{Tone: page.Fault, Text: "none serves"}
	case s.Down > 0:
		v.Badge.Tone = page.Attention
	}
	if off := s.Changing + s.Excepted; off > 0 {
		v.Rows = &page.Bar{
			Tone: page.Attention, Label: "Rows off the fast path", Text: fmt.Sprintf("%d changing, %d excepted, of %d", s.Changing, s.Excepted, s.Rows),
			Part: float64(off), Whole: float64(max(s.Rows, off)),
		}
	}
	for _, e := range s.Endpoints[:min(len(s.Endpoints), firstEndpoints)] {
		v.Endpoints = append(v.Endpoints, newEndpointView(r, e))
	}
	v.MoreEndpoints = len(s.Endpoints) - len(v.Endpoints)
	return v
}

func about(s balancer.ServiceReport) string {
	words := []string{s.Mode, "idle after " + page.Span(inSeconds(s.IdleSeconds))}
	if s.Untracked {
		words = append(words, "untracked")
	}
	if !s.Probed && s.Named() > 0 {
		words = append(words, "not probed")
	}
	return strings.Join(words, ", ")
}

func newEndpointView(r balancer.Report, e balancer.EndpointReport) endpointView {
	v := endpointView{
		Badge: page.Badge{Tone: page.Active, Text: string(e.Health)}, Rates: newRatesView(e.Rates),
		Share: page.Bar{Tone: page.Active, Label: e.Address, Text: quantity.Percent(e.Share), Part: e.Share, Whole: 1},
	}
	var notes []string
	switch e.Health {
	case balancer.Down:
		v.Badge.Tone = page.Fault
		notes = append(notes, e.Reason)
	case balancer.Unknown:
		v.Badge.Tone = page.Attention
	case balancer.NotProbed, balancer.Removed:
		v.Badge.Tone = page.Quiet
	}
	if e.Drained {
		v.Badge = page.Badge{Tone: page.Attention, Text: string(e.Health) + ", drained"}
	}
	if !e.Since.IsZero() {
		notes = append(notes, "for "+page.Span(r.Now.Sub(e.Since)))
	}
	if !e.HeldUntil.IsZero() {
		notes = append(notes, "held for flapping, for "+page.Span(e.HeldUntil.Sub(r.Now))+" yet")
	}
	if e.Weight != 1 && e.Health != balancer.Removed {
		notes = append(notes, fmt.Sprintf("weight %d", e.Weight))
	}
	if e.NextHop == "" && r.Apply.Count > 0 {
		notes = append(notes, "its next hop is not known")
	}
	v.Note = strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), " · ")
	return v
}

func newRatesView(r balancer.Rates) ratesView {
	return ratesView{quantity.SI(r.PacketsPerSecond), quantity.SI(r.BitsPerSecond), quantity.SI(r.ConnectionsPerSecond)}
}

func newInterfaceView(i balancer.InterfaceReport) interfaceView {
	v := interfaceView{Name: i.Name, Error: i.Error, Badge: page.Badge{Tone: page.Active, Text: i.Driver}}
	switch {
	case i.Driver == "" && i.Error == "":
		v.Badge = page.Badge{Tone: page.Attention, Text: "not attached"}
	case i.Driver == "":
		v.Badge = page.Badge{Tone: page.Fault, Text: "not attached"}
	case i.Driver != "native":
		v.Badge.Tone = page.Steady
	}
	return v
}

func newTableBar(t balancer.TableReport) page.Bar {
	bar := page.Bar{Tone: page.Active, Label: page.Visible(t.Name), Text: fmt.Sprintf("%d of %d", t.Used, t.Room), Part: float64(t.Used), Whole: float64(max(t.Room, 1))}
	if bar.Part > bar.Whole*0.8 {
		bar.Tone = page.Attention
	}
	return bar
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

package outcome

import (
	"fmt"

	"github.com/regent-ha/regent/internal/bench/picture"
)

// Picture shows what an IPv4 packet takes.
func (r Results) Picture() string {
	c := picture.Chart{
		Title: "A packet's time in the load balancer",
		Subtitle: fmt.Sprintf("IPv4, one VIP, BPF_PROG_TEST_RUN, the generator's time taken off; %s, all in one run, in turn; logarithmic axis",
			r.Machine.Model),
		Dot: "one round each", Million: true,
	}
	for _, g := range []struct {
		colour   picture.Colour
		programs []Program
	}{
		{picture.Colour{Light: "#6e7781", Dark: "#9198a1"}, []Program{Floor}},
		{picture.Colour{Light: "#0969da", Dark: "#4493f8"}, []Program{Regent}},
		{picture.Colour{Light: "#bc4c00", Dark: "#f0883e"}, []Program{Table}},
	} {
		group := picture.Group{Colour: g.colour}
		for _, program := range g.programs {
			group.Rows = append(group.Rows, r.pictureRows(program)...)
		}
		if len(group.Rows) > 0 {
			c.Groups = append(c.Groups, group)
		}
	}
	return c.SVG()
}

func (r Results) pictureRows(of Program) (rows []picture.Row) {
	for _, p := range r.Packets {
		if p.Program != of || p.IPv6 || p.Bare || p.VIPs > 1 {
			continue
		}
		row := picture.Row{Label: string(p.State), Sub: count(p.Flows) + " flows", Sample: p.Net}
		if of != Regent {
			row.Label = string(of)
		}
		if p.State == Miss {
			row.Sub = "each packet is one"
		}
		if table, ok := r.packets(p.against(Table)); ok && of == Regent {
			row.Note = ratio(p.Net, table.Net) + " the LRU table"
		}
		rows = append(rows, row)
	}
	return rows
}

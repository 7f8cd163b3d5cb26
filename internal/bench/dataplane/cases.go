package main

import (
	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
)

// packetCases are all that are measured under test runs, each after the
// generator that is taken off it.
func packetCases(s size) (all []outcome.Case) {
	for _, bare := range []bool{false, true} {
		for _, v6 := range []bool{false, true} {
			for _, flows := range []int{smallFlows, s.flows} {
				plain := outcome.Case{IPv6: v6, Flows: flows, VIPs: 1, Bare: bare}
				all = append(all, of(plain, outcome.Generator, ""), of(plain, outcome.Floor, ""), of(plain, outcome.Table, ""))
				for _, state := range []outcome.State{outcome.Stable, outcome.Changing, outcome.Excepted, outcome.Hit} {
					all = append(all, of(plain, outcome.Regent, state))
				}
				if !bare {
					plain.VIPs = s.vips
					all = append(all, of(plain, outcome.Generator, ""), of(plain, outcome.Table, ""), of(plain, outcome.Regent, outcome.Stable))
				}
			}
			endless := outcome.Case{IPv6: v6, VIPs: 1, Bare: bare}
			all = append(all, of(endless, outcome.Generator, outcome.Miss), of(endless, outcome.Regent, outcome.Miss))
		}
	}
	return all
}

// frameCases are all that are measured with real frames: the shortest there
// are, which are IPv4.
func frameCases(s size) (all []outcome.Case) {
	for _, flows := range []int{smallFlows, s.flows} {
		plain := outcome.Case{Flows: flows, VIPs: 1}
		all = append(all, of(plain, outcome.Floor, ""), of(plain, outcome.Table, ""),
			of(plain, outcome.Regent, outcome.Stable), of(plain, outcome.Regent, outcome.Changing), of(plain, outcome.Regent, outcome.Hit),
			of(plain, outcome.NFTables, ""))
	}
	return all
}

func of(c outcome.Case, p outcome.Program, s outcome.State) outcome.Case {
	c.Program, c.State = p, s
	return c
}

// own is the case that measures what the generator takes of another.
func own(c outcome.Case) outcome.Case {
	if c.State != outcome.Miss {
		c.State = ""
	}
	c.Program = outcome.Generator
	return c
}

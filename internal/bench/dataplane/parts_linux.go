package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/bench/dataplane/stand"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// packets measures all cases in turn, round by round: what disturbs one of them
// disturbs its neighbours, too.
func (c *conductor) packets(ctx context.Context) error {
	all := packetCases(c.size)
	if c.perfmon {
		all = slices.DeleteFunc(all, func(what outcome.Case) bool { return what.Bare })
	}
	gross := make(map[outcome.Case]stats.Sample)
	for round := range c.size.rounds {
		c.say("packets, round %d of %d", round+1, c.size.rounds)
		for _, what := range all {
			if err := ctx.Err(); err != nil {
				return err
			}
			warm, n := c.size.packets/10, c.size.packets
			if what.Flows > smallFlows {
				warm, n = what.Flows/10, what.Flows
			}
			ns, err := c.on(what).Measure(what, warm, n)
			if err != nil {
				return err
			}
			gross[what] = append(gross[what], time.Duration(ns*float64(time.Millisecond)))
		}
	}
	for _, what := range all {
		p := outcome.Packets{Case: what, Gross: gross[what]}
		for i, d := range p.Gross {
			p.Net = append(p.Net, d-gross[own(what)][i])
		}
		c.results.Packets = append(c.results.Packets, p)
	}
	return nil
}

// frames measures real frames, in turn as well.
func (c *conductor) frames(ctx context.Context) error {
	for _, what := range frameCases(c.size) {
		c.results.Frames = append(c.results.Frames, outcome.Frames{Case: what})
	}
	for round := range c.size.frameRounds {
		c.say("frames, round %d of %d", round+1, c.size.frameRounds)
		for i := range c.results.Frames {
			if err := ctx.Err(); err != nil {
				return err
			}
			f := &c.results.Frames[i]
			warm := f.Flows / 10
			if round == 0 { // nftables meets each flow for the first time
				warm = f.Flows
			}
			p, err := c.on(f.Case).Send(f.Case, warm, c.size.frames)
			if err != nil {
				return err
			}
			f.Rates = append(f.Rates, float64(p.Received)/p.Took.Seconds()/1e6)
			f.Sent += p.Sent
			f.Lost += p.Sent - p.Received
		}
	}
	return nil
}

// apply measures the configuration of many services, and what maps take.
func (c *conductor) apply(ctx context.Context) error {
	first := outcome.Apply{What: fmtVIPs(c.size) + ", from nothing"}
	change := outcome.Apply{What: fmtVIPs(c.size) + ", one endpoint replaced"}
	var bytes map[string]uint64
	for i := range c.size.applies {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.say("configuration, %d of %d", i+1, c.size.applies)
		done, err := c.many.Configure(stand.Configure{VIPs: c.size.vips, Endpoints: c.size.endpoints, Changes: c.size.changes})
		if err != nil {
			return err
		}
		first.Took = append(first.Took, done.First)
		change.Took = append(change.Took, done.Changes...)
		bytes = done.Maps
	}
	c.results.Apply = append(c.results.Apply, first, change)
	c.results.Memory = append(c.results.Memory, outcome.Memory{What: fmtVIPs(c.size), Maps: services(bytes), Most: 256})
	return c.connections()
}

// connections measures what tracked connections take.
func (c *conductor) connections() error {
	all, err := c.many.Tracked(c.size.flows)
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		name string
		maps []string
	}{
		{"one-arm", []string{"flows4", "flows_new4", "returns4", "returns_new4"}},
		{"excepted", []string{"exceptions4", "exceptions_new4"}},
	} {
		m := outcome.Memory{What: fmt.Sprintf("%d connections, IPv4, %s", c.size.flows, kind.name), Maps: make(map[string]uint64), Most: 256}
		for _, name := range kind.maps {
			if all[name] == 0 {
				return fmt.Errorf("the program has no map %s, or it takes nothing", name)
			}
			m.Maps[name] = all[name]
		}
		c.results.Memory = append(c.results.Memory, m)
	}
	return nil
}

// services are the maps that hold no connections.
func services(all map[string]uint64) map[string]uint64 {
	rest := maps.Clone(all)
	maps.DeleteFunc(rest, func(name string, _ uint64) bool {
		for _, prefix := range []string{"flows", "returns", "exceptions", "direct"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	})
	return rest
}

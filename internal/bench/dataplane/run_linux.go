package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/bench/dataplane/peer"
	"github.com/regent-ha/regent/internal/bench/dataplane/stand"
	"github.com/regent-ha/regent/internal/netlab"
)

func run(ctx context.Context, o options) error {
	switch {
	case o.bare:
		return stand.Strip()
	case o.stand:
		return stand.Serve(ctx, os.Stdin, os.Stdout)
	}
	results, err := measured(ctx, o)
	if err != nil {
		return err
	}
	if _, err := fmt.Println(results.Markdown()); err != nil || o.docs == "" {
		return err
	}
	return results.Publish(o.docs)
}

// measured are the results of a run: of this one, or of one before.
func measured(ctx context.Context, o options) (r outcome.Results, err error) {
	if o.from != "" {
		data, err := os.ReadFile(filepath.Clean(o.from))
		if err != nil {
			return r, err
		}
		return r, json.Unmarshal(data, &r)
	}
	s := full()
	switch {
	case o.quick:
		s = quick()
	case o.tiny:
		s = tiny()
	}
	start := time.Now()
	c := &conductor{size: s, cpu: o.cpu, perfmon: o.perfmon, say: func(format string, args ...any) {
		_, _ = fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}}
	c.results.Machine, c.results.Load, c.results.Quick = machine(), load(), o.quick || o.tiny
	err = c.run(ctx, o)
	c.results.Took = time.Since(start).Seconds()
	return c.results, err
}

// conductor lets the stands play in turn.
type conductor struct {
	size    size
	cpu     int
	perfmon bool
	say     func(format string, args ...any)
	results outcome.Results

	few  *stand.Client // a VIP for each state
	many *stand.Client // many VIPs
	bare *stand.Client // few, without CAP_PERFMON
}

func (c *conductor) run(ctx context.Context, o options) (err error) {
	if _, err := exec.LookPath("nft"); err != nil {
		return fmt.Errorf("%w; mend: install nftables", err)
	}
	lab, err := netlab.New("rbd")
	if err != nil {
		return err
	}
	end := sync.OnceValue(lab.Close)
	defer func() { err = errors.Join(err, end()) }()
	// Whoever waits for a stand is told by its end.
	defer context.AfterFunc(ctx, func() { _ = end() })()
	restore, err := peer.RoomForConnections(3 * c.size.flows / 2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	if err := c.start(lab); err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{{partPackets, c.packets}, {partFrames, c.frames}, {partApply, c.apply}} {
		if !o.has(part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return err
		}
	}
	for _, s := range []*stand.Client{c.few, c.many, c.bare} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// start starts all stands at a time: some have connections that have to be seen
// from then on.
func (c *conductor) start(lab *netlab.Lab) error {
	c.say("stands, with %d flows in each state", c.size.flows)
	var group errgroup.Group
	for _, s := range []struct {
		name string
		bare bool
		to   **stand.Client
		vips int
	}{{"few", false, &c.few, 1}, {"many", false, &c.many, c.size.vips}, {"bare", true, &c.bare, 1}} {
		if s.bare && c.perfmon {
			continue
		}
		host, err := stand.NewHost(lab, s.name)
		if err != nil {
			return err
		}
		group.Go(func() (err error) {
			*s.to, err = stand.Start(host, stand.Setup{CPU: c.cpu, Few: smallFlows, Flows: c.size.flows, VIPs: s.vips, Idle: c.size.idle}, s.bare, os.Stderr)
			return err
		})
	}
	return group.Wait()
}

// on is the stand that a case is measured on.
func (c *conductor) on(what outcome.Case) *stand.Client {
	switch {
	case what.Bare:
		return c.bare
	case what.VIPs > 1:
		return c.many
	}
	return c.few
}

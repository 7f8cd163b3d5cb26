package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	"github.com/regent-ha/regent/internal/narrator"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

const example = "github.com/regent-ha/regent/examples/load-balancer"

// demo is what all scenes need.
type demo struct {
	options
	*narrator.Narrator
	dir       string // of logs, the file and what is built
	site      *netlab.Site
	balancer  *balancer
	endpoints map[string]*netlab.Process // by name
	load      *traffic.Load
	come      func(...traffic.Plan) // further clients, until the end
	live      live

	mu        sync.Mutex // guards the field below
	incidents []verdict.Incident
}

// run prepares, plays the scenes, and concludes. It leaves nothing behind.
func run(ctx context.Context, out *narrator.Narrator, o options) (err error) {
	if err := netlab.Check(); err != nil {
		return fmt.Errorf("%w; mend: sudo -E env PATH=\"$PATH\" make demo-lb", err)
	}
	defer out.Talk()()
	out.Title("Preparing")
	dir, err := os.MkdirTemp("", "regent-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{options: o, Narrator: out, dir: dir, endpoints: make(map[string]*netlab.Process), load: traffic.New()}
	if err := d.build(ctx); err != nil {
		return err
	}
	d.site, err = netlab.NewSite(netlab.SiteConfig{Name: "lbdemo"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.site.Close()) }()
	d.Say("made network namespaces, which \"ip netns\" lists: a client behind a router, one beside the router, one beside the endpoints, the load balancer %s, three endpoints", filepath.Base(d.site.Balancer.Path()))
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		return err
	}
	return d.conclude()
}

func (d *demo) build(ctx context.Context) error {
	if d.options.balancer != "" {
		return nil
	}
	d.options.balancer = filepath.Join(d.dir, "load-balancer")
	d.Begin("building the example: go build ./examples/load-balancer")
	build := exec.CommandContext(ctx, "go", "build", "-o", d.options.balancer, example)
	build.Stdout, build.Stderr = d.Narrator, d.Narrator
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w; mend: see that go is in $PATH, and run the demo in the repository", err)
	}
	return nil
}

// prepare starts endpoints and balancer.
func (d *demo) prepare(ctx context.Context) error {
	names := []string{"a", "b", "c"}
	var servers []server
	for i, name := range names {
		if err := d.startEndpoint(name, i); err != nil {
			return err
		}
		servers = append(servers, server{name, i, 1})
		d.live.add(name)
	}
	logs := cmp.Or(d.logs, d.dir)
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return fmt.Errorf("-logs=%s: %w; mend: name a directory that can be written to", logs, err)
	}
	var err error
	d.balancer, err = startBalancer(ctx, balancerConfig{
		Program: d.options.balancer, Dir: d.dir, Log: filepath.Join(logs, "load-balancer.log"), Host: d.site.Balancer, Servers: servers,
	})
	if err != nil {
		return err
	}
	d.Say("the load balancer forwards: TCP and UDP on 4 VIPs, IPv4 and IPv6, DNAT and one-arm, to endpoints a, b and c")
	return nil
}

// play plays the scenes, beside the traffic. What runs beside them ends them when
// it fails, and ends with them.
func (d *demo) play(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	beside, stop := context.WithCancel(ctx)
	defer stop()
	d.come = func(plans ...traffic.Plan) {
		for _, p := range plans {
			group.Go(func() error {
				d.load.Run(beside, p)
				return nil
			})
		}
	}
	d.come(d.plans()...)
	group.Go(func() error { return d.watch(beside) })
	group.Go(func() error { return d.balancer.alive(beside) })
	group.Go(func() error {
		defer stop()
		return d.scenes(ctx)
	})
	return group.Wait()
}

// plans are what clients do: behind the router and beside the endpoints, by IPv4
// and IPv6.
func (d *demo) plans() (all []traffic.Plan) {
	for _, f := range netlab.Families() {
		web, shop, dns := webVIP(f).String(), oneArmVIP(f).String(), dnsVIP(f).String()
		for _, p := range []traffic.Plan{
			{Dial: d.site.Client.Dial, To: web, ToUDP: dns, Short: 50, Bulk: 1, Slow: 6, Idle: 12, HalfClosed: 3, UDP: 10},
			{Dial: d.site.Client.Dial, To: web, Slow: 8, Life: 8 * time.Second},
			{Dial: d.site.Client.Dial, To: shop, Short: 25, Bulk: 1, Slow: 4, Idle: 6, HalfClosed: 2},
			{Dial: d.site.Client.Dial, To: shop, Slow: 6, Life: 8 * time.Second},
			{Dial: d.site.Neighbour.Dial, To: web, ToUDP: dns, Slow: 3, UDP: 2},
			{Dial: d.site.Local.Dial, To: web, ToUDP: dns, Short: 5, Slow: 3, UDP: 3},
		} {
			p.IdlePause = idlePause
			all = append(all, p)
		}
	}
	return all
}

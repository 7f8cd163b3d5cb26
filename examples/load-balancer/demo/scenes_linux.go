package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	"github.com/regent-ha/regent/internal/narrator"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

const (
	// second is how often a line is printed.
	second = time.Second
	// look is for how long new connections are counted, to see where they go.
	look = 2 * time.Second
	// idlePause is how long idle connections are silent.
	idlePause = 2 * time.Second
	// noticeWithin is for how long an endpoint may be dead before that is noticed.
	noticeWithin = 3 * time.Second
	// followWithin is how long after that new connections may still go there.
	followWithin = 500 * time.Millisecond
)

// scenes plays them one after the other.
func (d *demo) scenes(ctx context.Context) error {
	for _, scene := range []func(context.Context) error{
		d.steady, d.drain, d.kill, d.cut, d.add, d.weigh, d.spoil, d.remove,
	} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	d.Title("The end")
	d.Begin("ending all connections, as they should end")
	return nil
}

// watch prints a line each second.
func (d *demo) watch(ctx context.Context) error {
	d.live.at = time.Now()
	tick := time.NewTicker(second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			t := d.load.Tally()
			d.Say("%s", d.live.row(t, now, verdict.Judge(t, d.incidentsUntil(now))))
		}
	}
}

func (d *demo) steady(ctx context.Context) error {
	d.Title(`1. All is well
   Each second: open connections of each endpoint + new ones, UDP requests, UDP
   flows that were moved, TCP connections that broke and UDP requests that were
   lost; in parentheses those that an endpoint took with it.`)
	return d.expect(ctx, map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3})
}

func (d *demo) drain(ctx context.Context) error {
	d.Title("2. Endpoint c is drained: load-balancer drain")
	for _, f := range netlab.Families() {
		if _, err := d.balancer.ask(ctx, "drain", f.Endpoint(2).String()); err != nil {
			return err
		}
	}
	if err := d.expect(ctx, map[string]float64{"a": 1. / 2, "b": 1. / 2, "c": 0}); err != nil {
		return err
	}
	if n := d.load.Tally().Open["c"]; n == 0 {
		return errors.New("endpoint c has no connections any more, and should have kept those that it had")
	}
	d.Say("c gets no new connections; its %s go on. Now it comes back", narrator.Count(d.load.Tally().Open["c"], "connection"))
	for _, f := range netlab.Families() {
		if _, err := d.balancer.ask(ctx, "undrain", f.Endpoint(2).String()); err != nil {
			return err
		}
	}
	return d.expect(ctx, map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3})
}

func (d *demo) kill(ctx context.Context) error {
	d.Title("3. Endpoint b is killed: SIGKILL to its process")
	i := d.begin("b")
	d.endpoints["b"].Kill()
	if err := d.noticed(ctx, i); err != nil {
		return err
	}
	if err := d.expect(ctx, map[string]float64{"a": 1. / 2, "b": 0, "c": 1. / 2}); err != nil {
		return err
	}
	if err := d.startEndpoint("b", 1); err != nil {
		return err
	}
	d.Say("b is started again")
	return d.back(ctx, i)
}

func (d *demo) cut(ctx context.Context) error {
	d.Title("4. Endpoint a is cut off: its link goes down")
	i := d.begin("a")
	if err := d.site.Back.Down("endpoint0"); err != nil {
		return err
	}
	if err := d.noticed(ctx, i); err != nil {
		return err
	}
	if err := d.expect(ctx, map[string]float64{"a": 0, "b": 1. / 2, "c": 1. / 2}); err != nil {
		return err
	}
	if err := d.site.Back.Up("endpoint0"); err != nil {
		return err
	}
	d.Say("its link is up again: the connections that it had go on where they were")
	return d.back(ctx, i)
}

func (d *demo) add(ctx context.Context) error {
	d.Title("5. Endpoint d is added to the file")
	if _, err := d.site.AddEndpoint(); err != nil {
		return err
	}
	if err := d.startEndpoint("d", 3); err != nil {
		return err
	}
	d.live.add("d")
	d.balancer.file.servers = append(d.balancer.file.servers, server{"d", 3, 1})
	if err := d.balancer.reload(); err != nil {
		return err
	}
	return d.expect(ctx, map[string]float64{"a": 1. / 4, "b": 1. / 4, "c": 1. / 4, "d": 1. / 4})
}

func (d *demo) weigh(ctx context.Context) error {
	d.Title("6. Endpoint d gets the weight 3 in the file")
	d.balancer.file.server("d").weight = 3
	if err := d.balancer.reload(); err != nil {
		return err
	}
	if err := d.expect(ctx, weighed()); err != nil {
		return err
	}
	d.come(d.guests()...)
	return nil
}

func weighed() map[string]float64 {
	return map[string]float64{"a": 1. / 6, "b": 1. / 6, "c": 1. / 6, "d": 3. / 6}
}

// guests are clients that stay to the end, and come when d is there.
func (d *demo) guests() (all []traffic.Plan) {
	for _, f := range netlab.Families() {
		for _, to := range []netip.AddrPort{webVIP(f), oneArmVIP(f)} {
			all = append(all, traffic.Plan{Dial: d.site.Client.Dial, To: to.String(), Slow: 6})
		}
	}
	return all
}

func (d *demo) spoil(ctx context.Context) error {
	d.Title("7. The file gets a fault")
	good := d.balancer.file
	d.balancer.file.servers = d.balancer.file.servers[:1]
	d.balancer.file.fault = "wieght: 1\n"
	if err := d.balancer.reload(); err != nil {
		return err
	}
	var faults []string
	err := d.balancer.until(ctx, 5*time.Second, "its file has a fault", func(r report) bool {
		faults = r.File.Faults
		return len(faults) > 0
	})
	if err != nil {
		return err
	}
	d.Say("the load balancer says: %s", strings.ReplaceAll(strings.Join(faults, "; "), d.dir+"/", ""))
	if err := d.expect(ctx, weighed()); err != nil {
		return err
	}
	d.balancer.file = good
	return nil
}

func (d *demo) remove(ctx context.Context) error {
	d.Title("8. The file is well again, without endpoint d")
	d.balancer.file.servers = d.balancer.file.servers[:3]
	if err := d.balancer.reload(); err != nil {
		return err
	}
	if err := d.expect(ctx, map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3, "d": 0}); err != nil {
		return err
	}
	n := d.load.Tally().Open["d"]
	if n == 0 {
		return errors.New("endpoint d has no connections any more, and should have kept those that it had")
	}
	d.Say("d gets no new connections; its %s go on", narrator.Count(n, "connection"))
	return nil
}

// expect waits until new connections are shared as they should be.
func (d *demo) expect(ctx context.Context, want map[string]float64) error {
	const within = 15 * time.Second
	var parts map[string]float64
	for started := time.Now(); time.Since(started) < within; {
		before := d.load.Tally()
		if err := pass(ctx, look); err != nil {
			return err
		}
		parts = share(before, d.load.Tally())
		if near(parts, want) {
			d.Say("new connections: %s", d.live.shares(parts))
			return nil
		}
	}
	return fmt.Errorf("new connections are shared %s, and should be %s", d.live.shares(parts), d.live.shares(want))
}

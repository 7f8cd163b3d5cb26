package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	lb "github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/internal/narrator"
	"github.com/regent-ha/regent/internal/netlab"
)

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// begin notes that an endpoint is about to go.
func (d *demo) begin(name string) (incident int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.incidents = append(d.incidents, verdict.Incident{Endpoint: name, From: time.Now()})
	return len(d.incidents) - 1
}

// incidentsUntil are those so far: what is not over may be over now.
func (d *demo) incidentsUntil(now time.Time) []verdict.Incident {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Clone(d.incidents)
	for i := range all {
		if all[i].Noticed.IsZero() {
			all[i].Noticed = now
		}
		if all[i].Until.IsZero() {
			all[i].Until = now
		}
	}
	return all
}

// change changes an incident, and returns it.
func (d *demo) change(incident int, change func(*verdict.Incident)) verdict.Incident {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.incidents[incident])
	return d.incidents[incident]
}

// noticed waits until the load balancer says that the endpoint is down.
func (d *demo) noticed(ctx context.Context, incident int) error {
	i := d.change(incident, func(*verdict.Incident) {})
	at, err := d.health(ctx, i.Endpoint, lb.Down, noticeWithin)
	if err != nil {
		return err
	}
	d.change(incident, func(i *verdict.Incident) { i.Noticed = at.Add(followWithin) })
	d.Say("%s is down, noticed after %s", i.Endpoint, narrator.Milliseconds(at.Sub(i.From)))
	return nil
}

// back waits until the load balancer says that the endpoint is up, and new
// connections go there.
func (d *demo) back(ctx context.Context, incident int) error {
	i := d.change(incident, func(*verdict.Incident) {})
	at, err := d.health(ctx, i.Endpoint, lb.Up, noticeWithin)
	if err != nil {
		return err
	}
	// Until it was seen to be up, flows were sent elsewhere.
	d.change(incident, func(i *verdict.Incident) { i.Until = at.Add(followWithin) })
	return d.expect(ctx, map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3})
}

// health waits until all services are of that opinion of an endpoint, and says
// since when they are.
func (d *demo) health(ctx context.Context, name string, health lb.Health, within time.Duration) (at time.Time, err error) {
	addresses := d.addresses(name)
	err = d.balancer.until(ctx, within, fmt.Sprintf("endpoint %s is %s", name, health), func(r report) (all bool) {
		at, all = since(r, addresses, health)
		return all
	})
	return at, err
}

// addresses are those of an endpoint.
func (d *demo) addresses(name string) (all []netip.Addr) {
	number := d.balancer.file.server(name).number
	for _, f := range netlab.Families() {
		all = append(all, f.Endpoint(number))
	}
	return all
}

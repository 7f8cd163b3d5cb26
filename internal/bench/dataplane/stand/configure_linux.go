package stand

import (
	"context"
	"errors"
	"time"

	"github.com/regent-ha/regent/dataplane"
)

// configure times a configuration of many services, and changes of one of them.
func configure(ctx context.Context, c Configure) (_ *Configured, err error) {
	f, err := newForwarder(room{services: c.VIPs, endpoints: c.VIPs * max(c.Endpoints, endpointsTaken), prepare: time.Millisecond})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	cfg := dataplane.Config{Seed: 1, Services: manyServices(ipv4(), c.VIPs, c.Endpoints)}
	done := &Configured{}
	start := time.Now()
	if err := f.Apply(ctx, cfg); err != nil {
		return nil, err
	}
	done.First = time.Since(start)
	for i := range c.Changes {
		// One endpoint of a service is replaced.
		s := &cfg.Services[i*len(cfg.Services)/c.Changes]
		s.Endpoints = append(endpoints(ipv4(), c.VIPs*c.Endpoints+i, 1), s.Endpoints[1:]...)
		start := time.Now()
		if err := f.Apply(ctx, cfg); err != nil {
			return nil, err
		}
		done.Changes = append(done.Changes, time.Since(start))
	}
	done.Maps, err = mapsOf(f.Program())
	return done, err
}

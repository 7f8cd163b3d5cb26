package stand

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cilium/ebpf"

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

// mapsOf is what each map of a program takes of the kernel's memory.
func mapsOf(p *ebpf.Program) (map[string]uint64, error) {
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	ids, ok := info.MapIDs()
	if !ok {
		return nil, errors.New("the kernel does not say which maps a program has")
	}
	bytes := make(map[string]uint64)
	for _, id := range ids {
		if err := addMap(bytes, id); err != nil {
			return nil, err
		}
	}
	return bytes, nil
}

func addMap(bytes map[string]uint64, id ebpf.MapID) error {
	m, err := ebpf.NewMapFromID(id)
	if err != nil {
		return fmt.Errorf("map %d (CAP_SYS_ADMIN): %w", id, err)
	}
	defer func() { _ = m.Close() }()
	info, err := m.Info()
	if err != nil {
		return err
	}
	taken, ok := info.Memlock()
	if !ok {
		return fmt.Errorf("map %s: the kernel does not say what it takes", info.Name)
	}
	bytes[strings.TrimPrefix(info.Name, ".")] += taken
	return nil
}

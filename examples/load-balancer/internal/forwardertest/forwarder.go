// Package forwardertest has a forwarder for tests, which forwards nothing.
package forwardertest

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/regent-ha/regent/dataplane"
)

// Forwarder is a balancer.Forwarder that does what its functions say, and notes
// what is applied. The zero value takes everything, and is attached to eth0.
type Forwarder struct {
	// ApplyFunc may refuse. nil = it does not.
	ApplyFunc func(ctx context.Context, cfg dataplane.Config) error
	// StatusFunc says what the status is, beside what was applied. nil = no more.
	StatusFunc func(*dataplane.Status) error
	// FlowsFunc are the connections. nil = none.
	FlowsFunc iter.Seq2[dataplane.Flow, error]

	mu      sync.Mutex // guards the field below
	applied []dataplane.Config
}

// Run waits for the end.
func (*Forwarder) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Apply is part of dataplane.Forwarder.
func (f *Forwarder) Apply(ctx context.Context, cfg dataplane.Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	if f.ApplyFunc != nil {
		if err := f.ApplyFunc(ctx, cfg); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied = append(f.applied, cfg)
	return nil
}

// Applied are all configurations that were applied, the first one first.
func (f *Forwarder) Applied() []dataplane.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.applied)
}

// Status shares connections by weight.
func (f *Forwarder) Status() (dataplane.Status, error) {
	status := dataplane.Status{
		Interfaces: []dataplane.InterfaceStatus{{Name: "eth0", Index: 2, Driver: "native"}},
		Drops:      map[string]uint64{"fragment": 0, "no-service": 0},
		Flows:      []dataplane.FlowTable{{Name: "exceptions, IPv4", Used: 0, Room: 1000}},
	}
	if all := f.Applied(); len(all) > 0 {
		for _, s := range all[len(all)-1].Services {
			status.Services = append(status.Services, statusOf(s))
		}
	}
	if f.StatusFunc != nil {
		if err := f.StatusFunc(&status); err != nil {
			return dataplane.Status{}, err
		}
	}
	return status, nil
}

func statusOf(s dataplane.Service) dataplane.ServiceStatus {
	status := dataplane.ServiceStatus{Service: s, Rows: dataplane.TableSize(len(s.Endpoints))}
	total := 0
	share := func(e dataplane.Endpoint) int {
		if e.Down {
			return 0
		}
		return e.Weight
	}
	for _, e := range s.Endpoints {
		total += share(e)
	}
	for _, e := range s.Endpoints {
		status.Endpoints = append(status.Endpoints, dataplane.EndpointStatus{
			Endpoint: e, Share: float64(share(e)) / float64(max(total, 1)), NextHop: "02:00:00:00:00:01 eth0",
		})
	}
	return status
}

// Flows are FlowsFunc's.
func (f *Forwarder) Flows() iter.Seq2[dataplane.Flow, error] {
	if f.FlowsFunc == nil {
		return func(func(dataplane.Flow, error) bool) {}
	}
	return f.FlowsFunc
}

// Close does nothing.
func (*Forwarder) Close() error { return nil }

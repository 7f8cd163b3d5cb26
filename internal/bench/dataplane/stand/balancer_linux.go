package stand

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/dataplane"
)

// forwarder is what is measured.
type forwarder interface {
	dataplane.Forwarder
	Run(ctx context.Context) error
	Status() (dataplane.Status, error)
	Flows() iter.Seq2[dataplane.Flow, error]
	Program() *ebpf.Program
	Close() error
}

// balancer is one that runs.
type balancer struct {
	forwarder forwarder
	cancel    context.CancelFunc
	ended     chan error
}

// startBalancer applies a configuration, and waits until the program is
// attached and knows where all endpoints are.
func startBalancer(ctx context.Context, f forwarder, cfg dataplane.Config) (*balancer, error) {
	b := &balancer{forwarder: f, ended: make(chan error, 1)}
	ctx, b.cancel = context.WithCancel(ctx)
	go func() { b.ended <- f.Run(ctx) }()
	err := f.Apply(ctx, cfg)
	if err == nil {
		err = b.until(ctx, unready)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// until waits until there is nothing that the status lacks.
func (b *balancer) until(ctx context.Context, lacks func(dataplane.Status) string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		status, err := b.forwarder.Status()
		if err != nil {
			return err
		}
		lack := lacks(status)
		if lack == "" {
			return nil
		}
		select {
		case <-tick.C:
		case err := <-b.ended:
			b.ended <- nil
			return fmt.Errorf("the balancer ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", ctx.Err(), lack)
		}
	}
}

// patience is for how long a balancer may need to attach, and to find endpoints.
const patience = time.Minute

// unready is what is missing for packets to be forwarded.
func unready(s dataplane.Status) string {
	if len(s.Interfaces) == 0 {
		return "no interface"
	}
	for _, i := range s.Interfaces {
		if i.Driver != "native" {
			return fmt.Sprintf("interface %s: driver %q, %v", i.Name, i.Driver, i.Err)
		}
	}
	for _, service := range s.Services {
		for _, e := range service.Endpoints {
			if e.NextHop == "" {
				return fmt.Sprintf("no next hop to %v", e)
			}
		}
	}
	return ""
}

func (b *balancer) close() error {
	b.cancel()
	return errors.Join(<-b.ended, b.forwarder.Close())
}

package xdp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// scout finds out where endpoints are. It belongs to Run.
type scout struct {
	f      *Forwarder
	handle *netlink.Handle
	routes map[netip.Addr]route // as long as no link, address or route changes
	idle   map[neighbour]bool   // next hops that nobody has asked for a while
}

func newScout(f *Forwarder) (*scout, error) {
	h, err := netlink.NewHandle()
	if err != nil {
		return nil, fmt.Errorf("xdp: ask the host for its routes: %w", err)
	}
	return &scout{f: f, handle: h, routes: make(map[netip.Addr]route)}, nil
}

func (s *scout) close() { s.handle.Close() }

// forget makes the next survey ask for all routes anew.
func (s *scout) forget() { clear(s.routes) }

// survey tells the program of the host's network: by which interfaces it can
// send, whom to speak for on which, and where endpoints are.
func (s *scout) survey(ctx context.Context) error {
	n, err := look()
	if err != nil {
		return fmt.Errorf("xdp: look at the host's network: %w", err)
	}
	f := s.f
	f.mu.Lock()
	targets := make(map[netip.Addr]hop)
	for _, s := range f.known {
		for _, p := range s.places {
			if p.Addr.IsValid() {
				targets[p.Addr] = f.hops[p.Addr]
			}
		}
	}
	for a := range f.wanted {
		targets[a] = f.hops[a]
	}
	f.mu.Unlock()
	s.idle = make(map[neighbour]bool)
	for a, last := range targets {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r, ok := s.routes[a]
		if !ok {
			r = find(s.handle, a)
			s.routes[a] = r
		}
		h, asks := n.way(a, r, last)
		targets[a] = h
		k := neighbour{r.ifindex, r.next}
		if asks {
			ask(s.handle, k)
		}
		if n.idle[k] {
			s.idle[k] = true
		}
	}
	for a := range s.routes {
		if _, ok := targets[a]; !ok {
			delete(s.routes, a)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hops = targets
	for _, s := range f.known {
		f.redirect(s, targets)
	}
	return errors.Join(f.openPorts(n), f.speak(n))
}

// askAgain keeps the kernel's neighbours fresh: frames that the program sends do
// not tell it that they are in use. What has no route is looked for again, too.
func (s *scout) askAgain(ctx context.Context) error {
	for a, r := range s.routes {
		if !r.known {
			delete(s.routes, a)
		}
	}
	if err := s.survey(ctx); err != nil {
		return err
	}
	for k := range s.idle {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		ask(s.handle, k)
	}
	return nil
}

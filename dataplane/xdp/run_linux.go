package xdp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
)

// How often Run does what nobody asks for.
const (
	sweepEvery  = 2 * time.Second
	askEvery    = 15 * time.Second      // neighbours, whether they still are where they were
	settleAfter = 10 * time.Millisecond // of the first change of a burst
)

// running is what others tell a Run.
type running struct {
	looks chan chan struct{}
	ended chan struct{}
}

// look has Run look at the host's network, and returns once it has.
func (r *running) look(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case r.looks <- done:
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("xdp: find the way to endpoints: %w", context.Cause(ctx))
	}
	<-done
	return nil
}

// Run attaches the program to interfaces of the calling thread's network
// namespace, and follows links, addresses, routes and neighbours. It ages what is
// remembered and brings changes to an end. It returns when ctx ends and the
// program is detached, or with an error if it cannot begin.
func (f *Forwarder) Run(ctx context.Context) error {
	runtime.LockOSThread() // for the network namespace
	defer runtime.UnlockOSThread()
	changes, stop, err := subscribe()
	if err != nil {
		return err
	}
	defer stop()
	me := &running{looks: make(chan chan struct{}), ended: make(chan struct{})}
	f.mu.Lock()
	if f.running != nil {
		f.mu.Unlock()
		return errors.New("xdp: Run of a Forwarder that runs; mend: call it once")
	}
	f.running = me
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.running = nil
		f.mu.Unlock()
		close(me.ended)
		f.detachAll()
	}()
	selected := f.cfg.Interfaces.selector()
	if err := errors.Join(f.attach(selected), f.survey()); err != nil {
		return err
	}
	return f.attend(ctx, me, changes, selected)
}

// attend is Run, once it has begun.
func (f *Forwarder) attend(ctx context.Context, me *running, changes <-chan struct{}, selected func(string) bool) error {
	sweep, asks := time.NewTicker(sweepEvery), time.NewTicker(askEvery)
	defer sweep.Stop()
	defer asks.Stop()
	moves := time.NewTicker(50 * time.Millisecond)
	defer moves.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-moves.C:
			f.mu.Lock()
			f.advance()
			f.mu.Unlock()
		case <-sweep.C:
			err = f.sweep()
		case <-asks.C:
			f.askAgain()
		case done := <-me.looks:
			err = f.survey()
			close(done)
		case <-changes:
			time.Sleep(settleAfter) // more come with it
			drain(changes)
			err = errors.Join(f.attach(selected), f.survey())
		}
		if err != nil {
			f.log.Error("the data plane's upkeep", "error", err)
		}
	}
}

func drain(changes <-chan struct{}) {
	for {
		select {
		case <-changes:
		default:
			return
		}
	}
}

// subscribe tells of each change of the host's network.
func subscribe() (<-chan struct{}, func(), error) {
	done, changes := make(chan struct{}), make(chan struct{}, 1)
	links, addrs := make(chan netlink.LinkUpdate, 64), make(chan netlink.AddrUpdate, 64)
	routes, neighbours := make(chan netlink.RouteUpdate, 64), make(chan netlink.NeighUpdate, 64)
	if err := errors.Join(
		netlink.LinkSubscribe(links, done), netlink.AddrSubscribe(addrs, done),
		netlink.RouteSubscribe(routes, done), netlink.NeighSubscribe(neighbours, done),
	); err != nil {
		close(done)
		return nil, nil, fmt.Errorf("xdp: follow the host's network: %w", err)
	}
	go func() {
		for {
			var open bool
			select {
			case _, open = <-links:
			case _, open = <-addrs:
			case _, open = <-routes:
			case _, open = <-neighbours:
			case <-done:
				return
			}
			if !open {
				return
			}
			select {
			case changes <- struct{}{}:
			default: // it will look
			}
		}
	}()
	return changes, func() { close(done) }, nil
}

// survey tells the program of the host's network: by which interfaces it can
// send, whom to speak for on which, and where endpoints are.
func (f *Forwarder) survey() error {
	n, err := look()
	if err != nil {
		return fmt.Errorf("xdp: look at the host's network: %w", err)
	}
	f.mu.Lock()
	targets := make(map[netip.Addr]hop)
	for _, s := range f.known {
		for _, p := range s.places {
			if p.Addr.IsValid() {
				targets[p.Addr] = f.hops[p.Addr]
			}
		}
	}
	f.mu.Unlock()
	for a, last := range targets {
		targets[a] = n.way(a, last)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(f.hops, targets)
	for a := range f.hops {
		if _, ok := targets[a]; !ok {
			delete(f.hops, a)
		}
	}
	for _, s := range f.known {
		f.redirect(s, targets)
	}
	return errors.Join(f.openPorts(n), f.speak(n))
}

// askAgain keeps the kernel's neighbours fresh: frames that the program sends do
// not tell it that they are in use.
func (f *Forwarder) askAgain() {
	f.mu.Lock()
	targets := make(map[netip.Addr]bool, len(f.hops))
	for a := range f.hops {
		targets[a] = true
	}
	f.mu.Unlock()
	asked := make(map[neighbour]bool)
	for a := range targets {
		routes, err := netlink.RouteGet(a.AsSlice())
		if err != nil || len(routes) == 0 {
			continue
		}
		next := a
		if gw, ok := netip.AddrFromSlice(routes[0].Gw); ok && !gw.IsUnspecified() {
			next = gw.Unmap()
		}
		if k := (neighbour{routes[0].LinkIndex, next}); !asked[k] {
			asked[k] = true
			ask(k.ifindex, k.addr)
		}
	}
}

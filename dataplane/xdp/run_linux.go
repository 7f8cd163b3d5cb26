package xdp

import (
	"context"
	"errors"
	"fmt"
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
	scout, err := newScout(f)
	if err != nil {
		return err
	}
	defer scout.close()
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
	if err := errors.Join(f.attach(selected), scout.survey(ctx)); err != nil {
		return err
	}
	return f.attend(ctx, me, changes, scout, selected)
}

// attend is Run, once it has begun.
func (f *Forwarder) attend(ctx context.Context, me *running, changes changes, scout *scout, selected func(string) bool) error {
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
			err = scout.askAgain(ctx)
		case done := <-me.looks:
			err = scout.survey(ctx)
			close(done)
		case <-changes.neighbours:
			time.Sleep(settleAfter) // more come with it
			drain(changes.neighbours)
			err = scout.survey(ctx)
		case <-changes.others:
			time.Sleep(settleAfter)
			drain(changes.others)
			scout.forget()
			err = errors.Join(f.attach(selected), scout.survey(ctx))
		}
		if err != nil && ctx.Err() == nil {
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

// changes tells of changes of the host's network: of neighbours, and of all else.
type changes struct{ neighbours, others chan struct{} }

// subscribe tells of each change.
func subscribe() (changes, func(), error) {
	done := make(chan struct{})
	c := changes{neighbours: make(chan struct{}, 1), others: make(chan struct{}, 1)}
	links, addrs := make(chan netlink.LinkUpdate, 64), make(chan netlink.AddrUpdate, 64)
	routes, neighbours := make(chan netlink.RouteUpdate, 64), make(chan netlink.NeighUpdate, 64)
	if err := errors.Join(
		netlink.LinkSubscribe(links, done), netlink.AddrSubscribe(addrs, done),
		netlink.RouteSubscribe(routes, done), netlink.NeighSubscribe(neighbours, done),
	); err != nil {
		close(done)
		return c, nil, fmt.Errorf("xdp: follow the host's network: %w", err)
	}
	go func() {
		for {
			open, to := false, c.others
			select {
			case _, open = <-links:
			case _, open = <-addrs:
			case _, open = <-routes:
			case _, open = <-neighbours:
				to = c.neighbours
			case <-done:
				return
			}
			if !open {
				return
			}
			select {
			case to <- struct{}{}:
			default: // it will look
			}
		}
	}()
	return c, func() { close(done) }, nil
}

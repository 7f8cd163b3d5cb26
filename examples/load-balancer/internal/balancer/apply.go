package balancer

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
)

const (
	// gather is how long to wait for what comes together: one change is less
	// work than many.
	gather = 50 * time.Millisecond
	// The pause after what could not be applied, doubled each time.
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// applyState is how it went.
type applyState struct {
	last   dataplane.Config // what was applied
	count  int
	at     time.Time // when that was
	took   time.Duration
	err    error // why what is wanted could not be
	failed int   // how often in a row
	since  time.Time
	// now is what is being applied, until stop is called or it is done.
	now   *dataplane.Config
	stop  context.CancelFunc
	began time.Time
}

// kick lets applyAll look whether there is something to apply.
func (b *Balancer) kick() {
	select {
	case b.kicked <- struct{}{}:
	default:
	}
}

// applyAll applies what is wanted, whenever that changes, until ctx ends.
func (b *Balancer) applyAll(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-b.kicked:
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(gather):
			}
		}
		timer.Stop()
		if ctx.Err() != nil {
			return nil
		}
		if again := b.applyOne(ctx); again > 0 {
			timer.Reset(again)
		}
	}
}

// applyOne applies what is wanted now, if that is anything new. It returns when
// to look again even if nothing happens; 0 = never.
func (b *Balancer) applyOne(ctx context.Context) (again time.Duration) {
	cfg, again := b.wanted(time.Now())
	if cfg == nil {
		return again
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	began := time.Now()
	b.mu.Lock()
	b.apply.now, b.apply.stop, b.apply.began = cfg, stop, began
	b.mu.Unlock()
	err := b.cfg.Forwarder.Apply(ctx, *cfg)
	b.mu.Lock()
	defer b.mu.Unlock()
	a := &b.apply
	a.now, a.stop = nil, nil
	switch {
	case err == nil:
		if a.failed > 0 {
			b.logger.Info("applied after all", "failures", a.failed)
		}
		a.last, a.at, a.took, a.err, a.failed = *cfg, time.Now(), time.Since(began), nil, 0
		a.count++
		b.logger.Info("applied", "services", len(cfg.Services), "took", a.took)
		return again
	case ctx.Err() != nil:
		return time.Nanosecond // somebody wants something else by now, or it is the end
	}
	if a.failed == 0 {
		a.since = began
	}
	pause := min(firstPause<<min(a.failed, 10), longestPause)
	a.err = err
	a.failed++
	b.logger.Error("not all could be applied: what could not forwards as before", "error", err, "again_in", pause)
	return pause
}

// wanted is what should be applied, and is not; nil = nothing. again is when to
// ask at the latest; 0 = when something happens.
func (b *Balancer) wanted(now time.Time) (cfg *dataplane.Config, again time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		if left := b.nextBy.Sub(now); len(b.missing) > 0 && left > 0 {
			again = left
		} else {
			b.takeOver()
		}
	}
	if b.current == nil {
		return nil, again
	}
	want := b.current.DataPlane
	want.Services = slices.Clone(want.Services)
	for i, s := range want.Services {
		s = b.prober.Mark(s)
		b.markDrained(s)
		want.Services[i] = s
	}
	if b.apply.count > 0 && b.apply.err == nil && reflect.DeepEqual(want, b.apply.last) {
		return nil, again
	}
	return &want, again
}

// judged is told of each verdict that changes.
func (b *Balancer) judged(c probe.TargetChange) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := target{c.Group, c.Endpoint}
	b.known[k] = struct{}{}
	delete(b.missing, k)
	// What is applied meanwhile may take its time, as new connections are moved
	// with care. Those to a dead endpoint cannot wait.
	if a := &b.apply; c.To == probe.Down && a.now != nil && takesConnections(*a.now, k) {
		a.stop()
	}
	b.kick()
}

// takesConnections: the endpoint is one, and is not down.
func takesConnections(cfg dataplane.Config, k target) bool {
	for _, s := range cfg.Services {
		for _, e := range s.Endpoints {
			if netip.AddrPortFrom(e.Addr, e.Port) == k.endpoint && s.String() == k.group {
				return !e.Down && e.Weight > 0
			}
		}
	}
	return false
}

package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Prober checks targets again and again while it runs. Its methods are safe for
// concurrent use.
type Prober struct {
	cfg    Config
	places chan struct{} // holds one for each check that runs
	wake   chan struct{} // there is news
	late   atomic.Uint64
	checks sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	phase   phase
	ctx     context.Context // Run's
	watches map[key]*watch
	groups  map[string]*group
	news    []news
}

type phase uint8

const (
	idle phase = iota
	running
	ended
)

// key tells targets apart.
type key struct {
	group    string
	endpoint netip.AddrPort
}

// New makes a Prober without targets. Its error joins a *[FieldError] for each
// setting that is refused.
func New(cfg Config) (*Prober, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Prober{
		cfg: cfg, places: make(chan struct{}, cfg.Concurrency), wake: make(chan struct{}, 1),
		watches: make(map[key]*watch), groups: make(map[string]*group),
	}, nil
}

// Run checks until ctx ends, and returns nil once all checks have, and all has
// been told. It returns ErrRun if it is called again.
func (p *Prober) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	if p.phase != idle {
		p.mu.Unlock()
		return ErrRun
	}
	p.phase, p.ctx = running, ctx
	all := make([]*watch, 0, len(p.watches))
	for _, w := range p.watches {
		all = append(all, w)
	}
	p.spread(all)
	p.mu.Unlock()

	var teller sync.WaitGroup
	done := make(chan struct{})
	teller.Go(func() { p.tell(done) })
	<-ctx.Done()
	p.mu.Lock()
	p.phase = ended
	for _, w := range p.watches {
		w.timer.Stop()
	}
	p.mu.Unlock()
	p.checks.Wait()
	close(done)
	teller.Wait()
	return nil
}

// spread starts targets evenly over their intervals. p.mu is held.
func (p *Prober) spread(all []*watch) {
	for i, w := range all {
		p.start(w, w.target.Interval/time.Duration(len(all))*time.Duration(i))
	}
}

// Set makes targets those that are checked. One that was before, in the same
// group with the same endpoint, keeps its state and takes on its other settings
// with the next check; one that was not is unknown, and one that is no longer
// there is forgotten without a TargetChange. Set does not wait for checks. Its
// error joins a *[FieldError] for each setting that is refused, and then nothing
// is changed; after Run it is ErrRun.
func (p *Prober) Set(targets []Target) error {
	wanted := make(map[key]int, len(targets))
	all := make([]Target, len(targets))
	var faults []error
	for i, t := range targets {
		all[i] = t.withDefaults()
		field, k := fmt.Sprintf("Targets[%d]", i), key{t.Group, t.Endpoint}
		faults = append(faults, all[i].validate(field, p.cfg.NoticeWithin)...)
		if first, twice := wanted[k]; twice {
			faults = append(faults, &FieldError{Field: field, Value: t.Endpoint, Bound: fmt.Sprintf("is Targets[%d] as well, in the group %q", first, t.Group), Mend: "leave one of them out"})
			continue
		}
		wanted[k] = i
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == ended {
		return ErrRun
	}
	p.replace(all, wanted)
	return nil
}

// replace does what Set promises. p.mu is held.
func (p *Prober) replace(all []Target, wanted map[key]int) {
	now := time.Now()
	changed := make(map[*group]struct{})
	for k, w := range p.watches {
		if _, stays := wanted[k]; !stays {
			w.end()
			delete(p.watches, k)
			delete(w.group.members, w)
			changed[w.group] = struct{}{}
		}
	}
	var fresh []*watch
	for _, t := range all {
		k := key{t.Group, t.Endpoint}
		if w := p.watches[k]; w != nil {
			sooner := t.Interval < w.target.Interval
			w.target = t
			if sooner && p.phase == running {
				w.timer.Reset(t.Interval)
			}
			continue
		}
		w := &watch{target: t, group: p.groupOf(t.Group), since: now}
		w.group.members[w] = struct{}{}
		changed[w.group] = struct{}{}
		p.watches[k] = w
		fresh = append(fresh, w)
	}
	if p.phase == running {
		p.spread(fresh)
	}
	for g := range changed {
		p.count(g, now)
	}
}

func (p *Prober) groupOf(name string) *group {
	g := p.groups[name]
	if g == nil {
		g = &group{name: name, members: make(map[*watch]struct{})}
		p.groups[name] = g
	}
	return g
}

package balancer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
	"github.com/regent-ha/regent/leaderelection"
)

// Config describes a Balancer. File, First and Forwarder are required.
type Config struct {
	// File is what is read again when it changes, First what it said at the
	// start.
	File  string
	First *config.Config
	// Forwarder forwards.
	Forwarder Forwarder
	// Parse makes a Config of the file's content. nil = config.Parse.
	Parse func(file string, content []byte) (*config.Config, error)
	// Logger: nil = slog.Default().
	Logger *slog.Logger
}

// Balancer is the glue between a file, probes and a forwarder.
type Balancer struct {
	cfg    Config
	logger *slog.Logger
	prober *probe.Prober
	kicked chan struct{} // there may be something to apply
	reread chan struct{} // the file is to be read at once

	mu        sync.Mutex // guards the fields below
	started   time.Time
	current   *config.Config // what is forwarded; nil before the first is
	next      *config.Config // taken, and waits for verdicts; nil = none
	nextBy    time.Time      // when it waits no longer
	missing   map[target]struct{}
	known     map[target]struct{} // there is a verdict
	drains    map[netip.AddrPort]*drain
	file      fileState
	apply     applyState
	term      *leaderelection.Term // while this instance leads
	sample    sample
	sampleErr error
}

// target tells what is probed apart.
type target struct {
	group    string
	endpoint netip.AddrPort
}

// New returns a Balancer, which does nothing before Run.
func New(cfg Config) (*Balancer, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Parse == nil {
		cfg.Parse = config.Parse
	}
	b := &Balancer{
		cfg: cfg, logger: cfg.Logger, kicked: make(chan struct{}, 1), reread: make(chan struct{}, 1),
		known: make(map[target]struct{}), drains: make(map[netip.AddrPort]*drain),
	}
	var err error
	b.prober, err = probe.New(probe.Config{
		NoticeWithin: config.MaxNotice, // the file was checked for each target's
		Damping:      cfg.First.Damping, OnTarget: b.judged, OnGroup: func(probe.GroupChange) { b.kick() },
		Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	if err := b.take(cfg.First); err != nil {
		return nil, err
	}
	b.file.judged = cfg.First.Sum
	return b, nil
}

// Probe probes the endpoints until ctx ends.
func (b *Balancer) Probe(ctx context.Context) error { return b.prober.Run(ctx) }

// Run follows the file and the probes until ctx ends.
func (b *Balancer) Run(ctx context.Context) error {
	b.mu.Lock()
	b.started = time.Now()
	b.mu.Unlock()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.follow(ctx) })
	g.Go(func() error { return b.applyAll(ctx) })
	g.Go(func() error { return b.watchStatus(ctx) })
	return g.Wait()
}

// Lead says that this instance leads until ctx ends. What only a leader may do
// belongs here; an instance without others forwards either way.
func (b *Balancer) Lead(ctx context.Context) error {
	term, _ := leaderelection.TermFromContext(ctx)
	b.setTerm(term)
	defer b.setTerm(nil)
	<-ctx.Done()
	return nil
}

func (b *Balancer) setTerm(t *leaderelection.Term) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.term = t
}

// Ready returns nil once what the file says is forwarded, on one network
// interface at least.
func (b *Balancer) Ready() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var missing []error
	switch {
	case b.apply.count == 0 && b.apply.err != nil:
		missing = append(missing, fmt.Errorf("nothing is forwarded: %w", b.apply.err))
	case b.apply.count == 0:
		missing = append(missing, errors.New("nothing is forwarded yet: the endpoints are probed first"))
	}
	switch {
	case b.sampleErr != nil:
		missing = append(missing, fmt.Errorf("the forwarder does not tell its status: %w", b.sampleErr))
	case !b.sample.attached():
		missing = append(missing, errors.New("attached to no network interface; mend: see interfaces in the file, and the status"))
	}
	return errors.Join(missing...)
}

// Flows are the connections that the forwarder remembers.
func (b *Balancer) Flows() iter.Seq2[dataplane.Flow, error] { return b.cfg.Forwarder.Flows() }

// DataPlane is the forwarder's status as it was lately, for metrics.
func (b *Balancer) DataPlane() (dataplane.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sample.status, b.sampleErr
}

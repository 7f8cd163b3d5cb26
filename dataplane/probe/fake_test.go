package probe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
)

var errSick = errors.New("sick")

// fake is a Probe that does what it is told.
type fake func(ctx context.Context, at probe.Destination) error

func (f fake) Check(ctx context.Context, at probe.Destination) error { return f(ctx, at) }
func (f fake) Validate() error                                       { return nil }

// silent is one of which no answer comes.
func silent(ctx context.Context, _ probe.Destination) error {
	<-ctx.Done()
	return fmt.Errorf("silence: %w", ctx.Err())
}

// patient is an endpoint whose health can be set.
type patient struct {
	mu     sync.Mutex
	err    error
	checks []time.Time
}

func (s *patient) Check(context.Context, probe.Destination) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks = append(s.checks, time.Now())
	return s.err
}

func (s *patient) Validate() error { return nil }

func (s *patient) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *patient) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.checks)
}

// script is an endpoint that is well, but for the results that it plays.
type script struct {
	mu      sync.Mutex
	results []error
}

func (s *script) Check(context.Context, probe.Destination) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.results) == 0 {
		return nil
	}
	result := s.results[0]
	s.results = s.results[1:]
	return result
}

func (s *script) Validate() error { return nil }

func (s *script) play(results []error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = results
}

func (s *script) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.results)
}

// told records what a Prober tells.
type told struct {
	mu      sync.Mutex
	all     []string
	targets []probe.TargetChange
	groups  []probe.GroupChange
}

func (l *told) config() probe.Config {
	return probe.Config{
		Logger: slog.New(slog.DiscardHandler),
		OnTarget: func(c probe.TargetChange) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.targets = append(l.targets, c)
			l.all = append(l.all, fmt.Sprintf("%v %v", c.Endpoint, c.To))
		},
		OnGroup: func(c probe.GroupChange) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.groups = append(l.groups, c)
			l.all = append(l.all, fmt.Sprintf("%s all down %v of %d", c.Group, c.AllDown, c.Targets))
		},
	}
}

// take returns what was told since the last call.
func (l *told) take() []string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all
	l.all = nil
	return all
}

func endpoint(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 80)
}

func target(i int, p probe.Probe) probe.Target {
	return probe.Target{Group: "web", Endpoint: endpoint(i), Probe: p}
}

// run runs a Prober until the test ends.
func run(t *testing.T, cfg probe.Config, targets ...probe.Target) *probe.Prober {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	p, err := probe.New(cfg)
	require.NoError(t, err)
	require.NoError(t, p.Set(targets))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	synctest.Wait()
	return p
}

// only is the status of a Prober's only target.
func only(t *testing.T, p *probe.Prober) probe.TargetStatus {
	t.Helper()
	synctest.Wait()
	s := p.Status()
	require.Len(t, s.Targets, 1)
	return s.Targets[0]
}

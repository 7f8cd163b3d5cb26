package balancer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
	"github.com/regent-ha/regent/examples/load-balancer/internal/forwardertest"
)

// stage is a Balancer with a file, a forwarder that only notes, and endpoints
// that are as well as they are told to be.
type stage struct {
	*balancer.Balancer
	forwarder *forwardertest.Forwarder
	file      string
	log       *text

	mu   sync.Mutex // guards the fields below
	sick map[netip.AddrPort]error
	slow time.Duration // of a check
}

// head is what each file of these tests begins with.
const head = "seed: 1\nservices:\n- vip: 192.0.2.1\n  port: 80\n  protocol: tcp\n"

// service is a file with one service, of endpoints such as "10.0.0.1", with a
// weight if one is given: "10.0.0.1 weight 5".
func service(endpoints ...string) string {
	var b strings.Builder
	b.WriteString(head + "  endpoints:\n")
	for _, e := range endpoints {
		address, weight, ok := strings.Cut(e, " weight ")
		if !ok {
			weight = "1"
		}
		fmt.Fprintf(&b, "  - {address: %s, weight: %s}\n", address, weight)
	}
	return b.String()
}

// play runs a test in a bubble, with a Balancer that was started with a file.
func play(t *testing.T, content string, prepare func(*stage), test func(t *testing.T, s *stage)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{forwarder: &forwardertest.Forwarder{}, file: filepath.Join(dir, "lb.yaml"), log: &text{}, sick: make(map[netip.AddrPort]error)}
		s.write(t, content)
		first, err := s.parse(s.file, []byte(content))
		require.NoError(t, err)
		if prepare != nil {
			prepare(s)
		}
		s.Balancer, err = balancer.New(balancer.Config{
			File: s.file, First: first, Forwarder: s.forwarder, Parse: s.parse, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var g errgroup.Group
		g.Go(func() error { return s.Probe(ctx) })
		g.Go(func() error { return s.Run(ctx) })
		test(t, s)
		cancel()
		require.NoError(t, g.Wait())
	})
}

// parse is config.Parse, with probes that ask the stage.
func (s *stage) parse(file string, content []byte) (*config.Config, error) {
	cfg, err := config.Parse(file, content)
	if err != nil {
		return nil, err
	}
	for i := range cfg.Targets {
		cfg.Targets[i].Probe = s
	}
	return cfg, nil
}

// Check is part of probe.Probe.
func (s *stage) Check(ctx context.Context, at probe.Destination) error {
	s.mu.Lock()
	err, slow := s.sick[at.Addr], s.slow
	s.mu.Unlock()
	select {
	case <-time.After(slow):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Validate is part of probe.Probe.
func (*stage) Validate() error { return nil }

var errSick = errors.New("sick")

// fall makes endpoints sick, or well with a nil error.
func (s *stage) fall(err error, endpoints ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range endpoints {
		s.sick[netip.MustParseAddrPort(e)] = err
	}
}

func (s *stage) write(t *testing.T, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(s.file, []byte(content), 0o600))
}

// wait lets time pass.
func wait(d time.Duration) {
	time.Sleep(d) // in a bubble
	synctest.Wait()
}

// endpoints are the first service's as they were applied last: "10.0.0.1:80",
// with what is remarkable about it.
func (s *stage) endpoints() (all []string) {
	applied := s.forwarder.Applied()
	if len(applied) == 0 {
		return nil
	}
	for _, e := range applied[len(applied)-1].Services[0].Endpoints {
		name := e.String()
		if e.Weight != 1 {
			name += fmt.Sprintf(" weight %d", e.Weight)
		}
		if e.Down {
			name += " down"
		}
		all = append(all, name)
	}
	return all
}

// text is what is logged.
type text struct {
	mu sync.Mutex // guards the field below
	b  bytes.Buffer
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func endpoint(name string) dataplane.Endpoint {
	at := netip.MustParseAddrPort(name)
	return dataplane.Endpoint{Addr: at.Addr(), Port: at.Port()}
}

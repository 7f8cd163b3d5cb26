package xdp_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// bed is a site whose balancer is a Forwarder.
type bed struct {
	*netlab.Site
	t         *testing.T
	forwarder *xdp.Forwarder
	load      *traffic.Load
	fallen    []fall
}

// fall is an endpoint that went down: UDP flows leave it.
type fall struct {
	name     string
	from, to time.Time
}

// The ports of the services of a bed. Endpoints serve TCP and UDP at servePort.
const (
	vipPort   = 80
	servePort = 8080
)

// newBed runs a Forwarder on the balancer's two interfaces.
func newBed(t *testing.T, site netlab.SiteConfig, cfg xdp.Config) *bed {
	t.Helper()
	b := prepareBed(t, site, cfg)
	b.run()
	return b
}

// prepareBed is newBed, without running it.
func prepareBed(t *testing.T, site netlab.SiteConfig, cfg xdp.Config) *bed {
	t.Helper()
	site.Name = "xdptraffic"
	b := &bed{Site: netlabtest.NewSite(t, site), t: t, load: traffic.New()}
	if cfg.Interfaces.Allow == "" {
		cfg.Interfaces.Allow = "front|back"
	}
	var err error
	b.forwarder, err = xdp.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.forwarder.Close()) })
	return b
}

// run runs the Forwarder until the test ends, and waits until it is attached.
func (b *bed) run() {
	b.t.Helper()
	b.background(func(ctx context.Context) error {
		return b.Balancer.Do(func() error { return b.forwarder.Run(ctx) })
	})
	b.attached("front", "back")
}

// attached waits until the program is, to these interfaces.
func (b *bed) attached(names ...string) {
	b.t.Helper()
	var status dataplane.Status
	is := func() bool {
		var err error
		status, err = b.forwarder.Status()
		if err != nil {
			return false
		}
		n := 0
		for _, i := range status.Interfaces {
			if i.Driver != "" && slices.Contains(names, i.Name) {
				n++
			}
		}
		return n == len(names)
	}
	require.Eventually(b.t, is, 10*time.Second, 10*time.Millisecond, "%v: %+v", names, &status.Interfaces)
}

// background runs f until the test ends, and wants no error.
func (b *bed) background(f func(context.Context) error) (end func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	ended := false
	end = func() {
		if !ended {
			ended = true
			cancel()
			require.NoError(b.t, <-done)
		}
	}
	b.t.Cleanup(end)
	return end
}

// serve serves at all endpoints, by IPv4 and IPv6, TCP and UDP.
func (b *bed) serve(s traffic.Server) {
	b.t.Helper()
	for i := range b.Endpoints {
		b.serveOne(i, s)
	}
}

// serveOne serves at one endpoint, until the test ends or end is called.
func (b *bed) serveOne(i int, s traffic.Server) (end func()) {
	b.t.Helper()
	s.Name = nameOf(i)
	var ends []func()
	for _, f := range netlab.Families() {
		at := netip.AddrPortFrom(f.Endpoint(i), servePort).String()
		listener, err := b.Endpoints[i].Listen(b.t.Context(), "tcp", at)
		require.NoError(b.t, err)
		ends = append(ends, b.background(func(ctx context.Context) error { return s.Serve(ctx, listener) }))
		conn, err := b.Endpoints[i].ListenPacket(b.t.Context(), "udp", at)
		require.NoError(b.t, err)
		ends = append(ends, b.background(func(ctx context.Context) error { return s.ServePackets(ctx, conn) }))
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// nameOf is that of an endpoint: "a".
func nameOf(i int) string { return string(rune('a' + i)) }

// service is one of the family and mode, with all endpoints at weight 1.
func (b *bed) service(f netlab.Family, p dataplane.Protocol, mode dataplane.Mode) dataplane.Service {
	s := dataplane.Service{VIP: f.VIP(int(mode)), Port: vipPort, Protocol: p, Mode: mode}
	for i := range b.Endpoints {
		s.Endpoints = append(s.Endpoints, dataplane.Endpoint{Addr: f.Endpoint(i), Port: servePort, Weight: 1})
	}
	return s
}

// vip is where clients of a mode connect to.
func vip(f netlab.Family, mode dataplane.Mode) string {
	return netip.AddrPortFrom(f.VIP(int(mode)), vipPort).String()
}

// config has services of both families, protocols and modes.
func (b *bed) config() dataplane.Config {
	var all []dataplane.Service
	for _, f := range netlab.Families() {
		for _, p := range []dataplane.Protocol{dataplane.TCP, dataplane.UDP} {
			for _, mode := range modes() {
				all = append(all, b.service(f, p, mode))
			}
		}
	}
	return configOf(all...)
}

// configOf has what services need beside themselves.
func configOf(services ...dataplane.Service) dataplane.Config {
	c := dataplane.Config{Seed: 0x5eed, Services: services}
	for _, f := range netlab.Families() {
		c.SNAT = append(c.SNAT, dataplane.SNAT{Addr: f.SNAT(), First: 1024, Last: 65535})
		c.Gateways = append(c.Gateways, f.Gateway())
	}
	return c
}

func modes() []dataplane.Mode { return []dataplane.Mode{dataplane.DNAT, dataplane.OneArm} }

// apply applies a configuration.
func (b *bed) apply(c dataplane.Config) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(b.t, b.forwarder.Apply(ctx, c))
}

// start runs a plan until end is called.
func (b *bed) start(p traffic.Plan) (end func()) {
	b.t.Helper()
	return b.background(func(ctx context.Context) error {
		b.load.Run(ctx, p)
		return nil
	})
}

// eventually waits until the tally is as it should be.
func (b *bed) eventually(what string, is func(traffic.Tally) bool) traffic.Tally {
	b.t.Helper()
	if !poll(30*time.Second, func() bool { return is(b.load.Tally()) }) {
		require.Fail(b.t, "not in 30 s: "+what, "%s\n%s", describe(b.load.Tally()), b.describe())
	}
	return b.load.Tally()
}

func poll(within time.Duration, is func() bool) bool {
	for ends := time.Now().Add(within); time.Now().Before(ends); time.Sleep(5 * time.Millisecond) {
		if is() {
			return true
		}
	}
	return false
}

// nothingWrong finds no fault in what clients have seen.
func (b *bed) nothingWrong() {
	b.t.Helper()
	t := b.load.Tally()
	t.Moved = slices.DeleteFunc(t.Moved, func(m traffic.Fault) bool {
		return slices.ContainsFunc(b.fallen, func(f fall) bool {
			return m.Endpoint == f.name && m.At.After(f.from) && m.At.Before(f.to)
		})
	})
	if len(t.Broken)+len(t.Lost)+len(t.Moved) > 0 {
		require.Fail(b.t, "faults", "%s\n%s", describe(t), b.describe())
	}
}

// describe are the first faults of a tally.
func describe(t traffic.Tally) string {
	var s strings.Builder
	for _, l := range []struct {
		what string
		all  []traffic.Fault
	}{{"broken", t.Broken}, {"lost", t.Lost}, {"moved", t.Moved}} {
		s.WriteString(l.what + ":\n")
		for _, f := range l.all[:min(5, len(l.all))] {
			s.WriteString("  " + f.String() + "\n")
		}
	}
	return s.String()
}

// describe is what the Forwarder says of itself.
func (b *bed) describe() string {
	status, err := b.forwarder.Status()
	if err != nil {
		return err.Error()
	}
	var s strings.Builder
	for reason, n := range status.Drops {
		if n > 0 {
			fmt.Fprintf(&s, "  dropped: %s: %d\n", reason, n)
		}
	}
	for _, v := range status.Services {
		for _, e := range v.Endpoints {
			fmt.Fprintf(&s, "  %v to %v by %q: %d packets, %d replies\n", v.Service, e.Endpoint, e.NextHop, e.Packets, e.Replies)
		}
	}
	dropped, err := b.Dropped()
	fmt.Fprintf(&s, "  dropped by links: %v %v\n", dropped, err)
	return s.String() + rows(status)
}

// all says whether n connections of each endpoint have begun.
func (b *bed) all(began map[string]int, n int) bool {
	for i := range b.Endpoints {
		if began[nameOf(i)] < n {
			return false
		}
	}
	return true
}

// from dials from the client by an address and port of its own.
func (b *bed) from(at netip.AddrPort) traffic.Dial {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = b.Client.Do(func() error {
			conn, err = (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(at)}).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}
}

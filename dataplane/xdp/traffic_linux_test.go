package xdp_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// Clients behind the router, beside it, and beside the endpoints, by IPv4 and
// IPv6, TCP and UDP, with DNAT and one-arm: on plain links, with VLAN tags, with
// jumbo frames, and by generic XDP.
func TestTraffic(t *testing.T) {
	for name, c := range map[string]struct {
		site netlab.SiteConfig
		cfg  xdp.Config
	}{
		"native":              {},
		"generic":             {cfg: xdp.Config{Generic: true}},
		"front VLAN":          {site: netlab.SiteConfig{FrontVLAN: 7}},
		"back VLAN":           {site: netlab.SiteConfig{BackVLAN: 42}},
		"two VLANs":           {site: netlab.SiteConfig{FrontVLAN: 7, BackVLAN: 42}},
		"jumbo":               {site: netlab.SiteConfig{MTU: 9000}},
		"jumbo, generic":      {site: netlab.SiteConfig{MTU: 9000}, cfg: xdp.Config{Generic: true}},
		"jumbo but to client": {site: netlab.SiteConfig{MTU: 9000, ClientMTU: 1500}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.site.FrontVLAN+c.site.BackVLAN > 0 && !netlabtest.VLANs(t) {
				return
			}
			b := newBed(t, c.site, c.cfg)
			b.serve(traffic.Server{})
			b.apply(b.config())
			var ends []func()
			for _, f := range netlab.Families() {
				for _, mode := range modes() {
					for _, from := range []*netlab.Namespace{b.Client, b.Neighbour, b.Local} {
						ends = append(ends, b.start(traffic.Plan{
							Dial: from.Dial, To: vip(f, mode), ToUDP: vip(f, mode),
							Short: 20, Bulk: 1, Slow: 2, Idle: 2, IdlePause: 50 * time.Millisecond, HalfClosed: 1, UDP: 3, UDPSize: 1400,
						}))
					}
				}
			}
			b.eventually("each endpoint serves", func(tally traffic.Tally) bool {
				return b.all(tally.Began, 150) && b.all(tally.Replies, 300) && tally.Bytes > 1<<20
			})
			for _, end := range ends {
				end()
			}
			b.nothingWrong()
			b.passedNothing()
			b.driver(c.cfg.Generic)
		})
	}
}

// passedNothing finds that no packet of a service was left to the kernel.
func (b *bed) passedNothing() {
	b.t.Helper()
	status, err := b.forwarder.Status()
	require.NoError(b.t, err)
	for reason, n := range status.Drops {
		require.Zero(b.t, n, reason)
	}
}

func (b *bed) driver(generic bool) {
	b.t.Helper()
	status, err := b.forwarder.Status()
	require.NoError(b.t, err)
	want := "native"
	if generic {
		want = "generic"
	}
	for _, i := range status.Interfaces {
		require.NoError(b.t, i.Err, i.Name)
		require.Equal(b.t, want, i.Driver, i.Name)
	}
}

// What endpoints take for their client: with DNAT the client, unless it is in
// their own network.
func TestClientsAddress(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	b.serve(traffic.Server{Peer: true})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		for _, c := range []struct {
			from *netlab.Namespace
			mode dataplane.Mode
			seen netip.Addr
		}{
			{b.Client, dataplane.DNAT, f.Client()},
			{b.Neighbour, dataplane.DNAT, f.Neighbour()},
			{b.Local, dataplane.DNAT, f.SNAT()},
			{b.Client, dataplane.OneArm, f.SNAT()},
			{b.Local, dataplane.OneArm, f.SNAT()},
			{b.Endpoints[0], dataplane.DNAT, f.SNAT()}, // to itself
			{b.Endpoints[0], dataplane.OneArm, f.SNAT()},
		} {
			said, err := traffic.Ask(c.from.Dial, vip(f, c.mode))
			require.NoError(t, err, "%s, %v, %v\n%s", c.from.Name, f, c.mode, b.describe())
			require.Equal(t, fmt.Sprintf("a for %v", c.seen), said, "%s, %v", c.from.Name, c.mode)
		}
	}
}

// As soon as Apply returns, the way to the endpoints is known: the first packets
// are not lost.
func TestFirstPackets(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			for range 10 { // so that each endpoint has some
				began := time.Now()
				_, err := traffic.Ask(b.Client.Dial, vip(f, mode))
				require.NoError(t, err)
				require.Less(t, time.Since(began), 900*time.Millisecond, "a SYN was repeated\n%s", b.describe())
			}
		}
	}
}

// Who connects to an endpoint itself is not translated, also at the same port.
func TestDirectTraffic(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{Peer: true})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		for i := range b.Endpoints {
			for from, seen := range map[*netlab.Namespace]netip.Addr{b.Client: f.Client(), b.Neighbour: f.Neighbour(), b.Local: f.Local()} {
				for range 20 { // on many rows
					said, err := traffic.Ask(from.Dial, netip.AddrPortFrom(f.Endpoint(i), servePort).String())
					require.NoError(t, err, "%s, %v\n%s", from.Name, f, b.describe())
					require.Equal(t, fmt.Sprintf("%s for %v", nameOf(i), seen), said)
				}
			}
		}
	}
}

func TestPing(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		for _, from := range []*netlab.Namespace{b.Client, b.Neighbour, b.Local} {
			for _, at := range []netip.Addr{f.VIP(0), f.VIP(1)} {
				require.NoError(t, from.Do(func() error {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					defer cancel()
					return probe.ICMP{}.Check(ctx, probe.Destination{Addr: netip.AddrPortFrom(at, 1)})
				}), "%v from %s", at, from.Name)
			}
		}
	}
}

// An endpoint that refuses a datagram says so to the client.
func TestPortUnreachable(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			for _, from := range []*netlab.Namespace{b.Client, b.Neighbour, b.Local} {
				conn, err := from.Dial(t.Context(), "udp", vip(f, mode))
				require.NoError(t, err)
				require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
				_, err = conn.Write([]byte("anyone there?"))
				require.NoError(t, err)
				_, err = conn.Read(make([]byte, 1))
				require.ErrorIs(t, err, syscall.ECONNREFUSED, "%s, %v, %v\n%s", from.Name, f, mode, b.describe())
				require.NoError(t, conn.Close())
			}
		}
	}
}

// A connection to a port that no endpoint serves is refused, not stuck.
func TestRefused(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			for _, from := range []*netlab.Namespace{b.Client, b.Neighbour, b.Local} {
				_, err := from.Dial(t.Context(), "tcp", vip(f, mode))
				require.ErrorIs(t, err, syscall.ECONNREFUSED, "%s, %v, %v\n%s", from.Name, f, mode, b.describe())
			}
		}
	}
}

// Where a packet of an endpoint's is too large for a link behind the router, the
// endpoint learns of it. Clients announce larger segments than their link takes.
func TestPathMTU(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1, ClientMTU: 1280}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		require.NoError(t, b.Client.AnnounceSegments(f.ClientRouter(), 1400))
		for _, mode := range modes() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			_, err := traffic.Transfer(ctx, b.Client.Dial, vip(f, mode), 300_000)
			cancel()
			require.NoError(t, err, "%v, %v\n%s", f, mode, b.describe())
		}
	}
}

// A link that appears while the Forwarder runs, goes, and comes again.
func TestLinksThatComeAndGo(t *testing.T) {
	b := prepareBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	require.NoError(t, b.Balancer.Remove("back"))
	b.background(func(ctx context.Context) error {
		return b.Balancer.Do(func() error { return b.forwarder.Run(ctx) })
	})
	b.attached("front")
	b.apply(b.config())
	for range 2 {
		require.NoError(t, b.WireBack())
		b.attached("front", "back")
		for _, f := range netlab.Families() {
			for _, mode := range modes() {
				b.reaches(b.Client, f, mode)
			}
		}
		require.NoError(t, b.Balancer.Remove("back"))
	}
}

// reaches waits until a client reaches all endpoints.
func (b *bed) reaches(from *netlab.Namespace, f netlab.Family, mode dataplane.Mode) {
	b.t.Helper()
	seen := make(map[string]int)
	quick := func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		return from.Dial(ctx, network, address)
	}
	if !poll(20*time.Second, func() bool {
		said, err := traffic.Ask(quick, vip(f, mode))
		if err == nil {
			seen[said]++
		}
		return b.all(seen, 1)
	}) {
		require.Fail(b.t, "not all endpoints are reached", "%s, %v, %v: %v\n%s", from.Name, f, mode, seen, b.describe())
	}
}

// An endpoint's network card is replaced: connections go on.
func TestEndpointsMACChanges(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(b.config())
	var ends []func()
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			ends = append(ends, b.start(traffic.Plan{Dial: b.Client.Dial, To: vip(f, mode), Short: 20, Slow: 6}))
		}
	}
	b.eventually("connections", func(tally traffic.Tally) bool { return b.all(tally.Began, 20) })
	// It announces the new address, as hosts do that are configured for that.
	require.NoError(t, b.Endpoints[0].Sysctl("ipv4/conf/eth0/arp_notify", "1"))
	require.NoError(t, b.Endpoints[0].Sysctl("ipv6/conf/eth0/ndisc_notify", "1"))
	require.NoError(t, b.Endpoints[0].MAC("eth0", net.HardwareAddr{2, 0, 0, 0, 0, 0x42}))
	before := b.load.Tally()
	b.eventually("connections after the change", func(tally traffic.Tally) bool { return tally.Began["a"] > before.Began["a"]+20 })
	for _, end := range ends {
		end()
	}
	b.nothingWrong()
}

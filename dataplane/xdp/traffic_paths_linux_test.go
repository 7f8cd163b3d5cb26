package xdp_test

import (
	"context"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// serveAt serves on a host that is no endpoint of the site's.
func (b *bed) serveAt(host *netlab.Namespace, at netip.Addr) {
	b.t.Helper()
	listener, err := host.Listen(b.t.Context(), "tcp", netip.AddrPortFrom(at, servePort).String())
	require.NoError(b.t, err)
	b.background(func(ctx context.Context) error {
		return traffic.Server{Name: host.Name, Peer: true}.Serve(ctx, listener)
	})
}

// elsewhere is a one-arm service whose only endpoint is at an address.
func elsewhere(f netlab.Family, at netip.Addr) dataplane.Service {
	return dataplane.Service{
		VIP: f.VIP(1), Port: vipPort, Protocol: dataplane.TCP, Mode: dataplane.OneArm,
		Endpoints: []dataplane.Endpoint{{Addr: at, Port: servePort, Weight: 1}},
	}
}

// An endpoint can be behind a router.
func TestRoutedEndpoint(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	var all []dataplane.Service
	for _, f := range netlab.Families() {
		b.serveAt(b.Client, f.Client())
		all = append(all, elsewhere(f, f.Client()))
	}
	b.apply(configOf(all...))
	for _, f := range netlab.Families() {
		for _, from := range []*netlab.Namespace{b.Local, b.Neighbour, b.Client} {
			said, err := traffic.Transfer(t.Context(), from.Dial, vip(f, dataplane.OneArm), 500_000)
			require.NoError(t, err, "%s, %v\n%s", from.Name, f, b.describe())
			require.Equal(t, "client for "+f.SNAT().String(), said)
		}
	}
}

// One interface can be for clients and endpoints.
func TestOneInterface(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	cfg := dataplane.Config{Seed: 1}
	for _, f := range netlab.Families() {
		b.serveAt(b.Neighbour, f.Neighbour())
		cfg.Services = append(cfg.Services, elsewhere(f, f.Neighbour()))
		cfg.SNAT = append(cfg.SNAT, dataplane.SNAT{Addr: f.VIP(9), First: 1024, Last: 65535})
	}
	b.apply(cfg)
	for _, f := range netlab.Families() {
		for _, from := range []*netlab.Namespace{b.Client, b.Router, b.Neighbour} {
			said, err := traffic.Transfer(t.Context(), from.Dial, vip(f, dataplane.OneArm), 500_000)
			require.NoError(t, err, "%s, %v\n%s", from.Name, f, b.describe())
			require.Equal(t, "neighbour for "+f.VIP(9).String(), said)
		}
	}
}

// mixed runs a bit of everything from the client.
func (b *bed) mixed() (end func()) {
	var ends []func()
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			ends = append(ends, b.start(traffic.Plan{
				Dial: b.Client.Dial, To: vip(f, mode), ToUDP: vip(f, mode), Short: 20, Bulk: 1, Slow: 4, HalfClosed: 2, UDP: 4,
			}))
		}
	}
	b.eventually("all have begun", func(tally traffic.Tally) bool { return b.all(tally.Began, 20) && b.all(tally.Replies, 20) })
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// Hosts whose memory of neighbours is short ask for the VIPs, the gateway and the
// SNAT addresses again and again, also the address that they know.
func TestNeighboursAreAskedAgain(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	for _, host := range append([]*netlab.Namespace{b.Router, b.Neighbour, b.Local}, b.Endpoints...) {
		for _, version := range []string{"ipv4", "ipv6"} {
			for name, value := range map[string]string{"base_reachable_time_ms": "200", "delay_first_probe_time": "0", "retrans_time_ms": "100"} {
				require.NoError(t, host.Sysctl(version+"/neigh/eth0/"+name, value))
			}
		}
	}
	b.serve(traffic.Server{})
	b.apply(b.config())
	end := b.mixed()
	before := b.load.Tally()
	b.eventually("traffic goes on", func(tally traffic.Tally) bool { return tally.Ended > before.Ended+400 })
	end()
	b.nothingWrong()
}

// The balancer's kernel forgets its neighbours again and again: what is sent to
// them is not for it to decide.
func TestNeighboursAreForgotten(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(b.config())
	end := b.mixed()
	const times = 30
	for range times {
		before := b.load.Tally()
		b.forgetNeighbours("back")
		b.eventually("traffic goes on", func(tally traffic.Tally) bool { return tally.Ended > before.Ended+10 })
	}
	end()
	b.nothingWrong()
}

func (b *bed) forgetNeighbours(name string) {
	b.t.Helper()
	link, err := b.Balancer.Link(name)
	require.NoError(b.t, err)
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		all, err := b.Balancer.Netlink().NeighList(link.Attrs().Index, family)
		require.NoError(b.t, err)
		for i := range all {
			if all[i].State&netlink.NUD_NOARP == 0 {
				_ = b.Balancer.Netlink().NeighDel(&all[i]) // it may be gone
			}
		}
	}
}

// The link to the endpoints loses its carrier for a moment: connections wait, and
// go on.
func TestLinkFlaps(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(b.config())
	var ends []func()
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			ends = append(ends, b.start(traffic.Plan{Dial: b.Client.Dial, To: vip(f, mode), Bulk: 1, Slow: 4}))
		}
	}
	b.eventually("all have begun", func(tally traffic.Tally) bool {
		return b.all(tally.Open, 1) && tally.Open["a"]+tally.Open["b"]+tally.Open["c"] == 20
	})
	for range 3 {
		require.NoError(t, b.Back.Down("balancer"))
		require.NoError(t, b.Back.Up("balancer"))
		for _, f := range netlab.Families() {
			for _, mode := range modes() {
				b.reaches(b.Client, f, mode)
			}
		}
	}
	for _, end := range ends {
		end()
	}
	b.nothingWrong()
}

// What Run remembers outlives it: the next one goes on where it was. In between
// the host must not forward what endpoints send, with addresses that clients do not
// know: they would reset the connection.
func TestRunsAgain(t *testing.T) {
	b := prepareBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	stop := b.background(func(ctx context.Context) error {
		return b.Balancer.Do(func() error { return b.forwarder.Run(ctx) })
	})
	b.attached("front", "back")
	b.apply(endpointChange{weights: []int{1, 1, 1}}.config(b, time.Minute))
	var ends []func()
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			ends = append(ends, b.start(traffic.Plan{Dial: b.Client.Dial, To: vip(f, mode), Bulk: 1, Slow: 4, Idle: 4, IdlePause: 300 * time.Millisecond}))
		}
	}
	b.eventually("all have begun", func(tally traffic.Tally) bool { return tally.Open["a"]+tally.Open["b"]+tally.Open["c"] == 36 })
	b.apply(endpointChange{weights: []int{5, 1, 0}}.config(b, time.Minute))
	b.forwards("0")
	stop()
	b.run()
	b.forwards("1")
	for _, f := range netlab.Families() {
		said, err := traffic.Ask(b.Client.Dial, vip(f, dataplane.DNAT))
		require.NoError(t, err)
		require.NotEqual(t, "c", said)
	}
	for _, end := range ends {
		end()
	}
	b.nothingWrong()
}

// forwards lets the balancer's kernel forward, or not.
func (b *bed) forwards(value string) {
	b.t.Helper()
	require.NoError(b.t, b.Balancer.Sysctl("ipv4/ip_forward", value))
	require.NoError(b.t, b.Balancer.Sysctl("ipv6/conf/all/forwarding", value))
}

// Clients of one seed and endpoints with the same addresses are spread alike:
// what one instance forwards, another one would have sent to the same endpoint.
func TestSameSeedSameEndpoint(t *testing.T) {
	f := netlab.IPv4()
	spread := func() (said []string) {
		b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
		b.serve(traffic.Server{})
		b.apply(configOf(b.service(f, dataplane.TCP, dataplane.DNAT)))
		for port := range 40 {
			from := netip.AddrPortFrom(f.Client(), uint16(30000+port))
			name, err := traffic.Ask(b.from(from), vip(f, dataplane.DNAT))
			require.NoError(t, err, strconv.Itoa(port))
			said = append(said, name)
		}
		return said
	}
	first := spread()
	require.Equal(t, first, spread())
	require.Subset(t, first, []string{"a", "b", "c"})
}

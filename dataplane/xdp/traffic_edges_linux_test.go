package xdp_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// Changes in any order, some of them given up before they are prepared, as when
// something more urgent comes: nothing is moved or broken.
func TestOverlappingChanges(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 4}, xdp.Config{})
	b.serve(traffic.Server{})
	idle := 3 * time.Second
	b.apply(endpointChange{weights: []int{1, 1, 1, 1}}.config(b, idle))
	var ends []func()
	for _, f := range netlab.Families() {
		for _, mode := range modes() {
			ends = append(ends, b.start(traffic.Plan{
				Dial: b.Client.Dial, To: vip(f, mode), ToUDP: vip(f, mode),
				Short: 25, Slow: 12, Idle: 8, IdlePause: 300 * time.Millisecond, HalfClosed: 4, UDP: 6,
			}))
		}
	}
	b.eventually("all have begun", func(tally traffic.Tally) bool { return b.all(tally.Began, 40) })
	const seed, rounds = 7, 25
	dice := rand.New(rand.NewPCG(seed, seed))
	for round := range rounds {
		c := endpointChange{weights: make([]int, 4)}
		for i := range c.weights {
			c.weights[i] = []int{absent, 0, 1, 1, 5}[dice.IntN(5)]
		}
		c.weights[dice.IntN(4)] = 1 // somebody has to serve
		within := []time.Duration{20 * time.Millisecond, 400 * time.Millisecond, 10 * time.Second}[dice.IntN(3)]
		ctx, cancel := context.WithTimeout(t.Context(), within)
		err := b.forwarder.Apply(ctx, c.config(b, idle))
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		t.Logf("round %d: %v, given %v: %v", round, c.weights, within, err)
		b.nothingWrong()
	}
	for _, end := range ends {
		end()
	}
	b.nothingWrong()
	require.Zero(t, b.load.Tally().Retried, "first SYNs were lost")
}

// A client that ends connections by a reset, and uses its port again at once:
// also while the service changes.
func TestPortsThatAreUsedAgain(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(endpointChange{weights: []int{1, 1, 1}}.config(b, time.Minute))
	for _, weights := range [][]int{{1, 1, 1}, {5, 1, 0}, {0, 1, 5}} {
		b.apply(endpointChange{weights: weights}.config(b, time.Minute))
		for _, f := range netlab.Families() {
			for _, mode := range modes() {
				from := b.from(netip.AddrPortFrom(f.Client(), 20000+uint16(mode)))
				again := func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := from(ctx, network, address)
					if err == nil {
						err = conn.(*net.TCPConn).SetLinger(0)
					}
					return conn, err
				}
				for range 30 {
					began := time.Now()
					_, err := traffic.Reset(again, vip(f, mode), 100)
					require.NoError(t, err, "%v, %v\n%s", f, mode, b.describe())
					require.Less(t, time.Since(began), 900*time.Millisecond, "%v, %v: a SYN was repeated\n%s", f, mode, b.describe())
				}
			}
		}
	}
}

// Several VIPs, and several ports of one, have the same endpoints at the same
// port: each reply comes from where its request went.
func TestSharedEndpoints(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	var services []dataplane.Service
	for _, f := range netlab.Families() {
		for _, p := range []dataplane.Protocol{dataplane.TCP, dataplane.UDP} {
			for _, at := range shared(f) {
				s := b.service(f, p, dataplane.DNAT)
				s.VIP, s.Port = at.Addr(), at.Port()
				services = append(services, s)
			}
		}
	}
	b.apply(configOf(services...))
	var ends []func()
	for _, f := range netlab.Families() {
		for _, at := range shared(f) {
			for _, from := range []*netlab.Namespace{b.Client, b.Local} {
				ends = append(ends, b.start(traffic.Plan{
					Dial: from.Dial, To: at.String(), ToUDP: at.String(), Short: 20, Slow: 3, HalfClosed: 1, UDP: 3,
				}))
			}
		}
	}
	b.eventually("each endpoint serves", func(tally traffic.Tally) bool { return b.all(tally.Began, 200) && b.all(tally.Replies, 300) })
	// One of them changes, the others do not.
	services[0].Endpoints[0].Weight = 0
	b.apply(configOf(services...))
	before := b.load.Tally()
	b.eventually("each endpoint serves still", func(tally traffic.Tally) bool {
		return tally.Began["a"] > before.Began["a"]+50 && tally.Replies["a"] > before.Replies["a"]+50
	})
	for _, end := range ends {
		end()
	}
	b.nothingWrong()
}

func shared(f netlab.Family) []netip.AddrPort {
	return []netip.AddrPort{netip.AddrPortFrom(f.VIP(0), 80), netip.AddrPortFrom(f.VIP(0), 81), netip.AddrPortFrom(f.VIP(2), 80)}
}

// There are as many connections to one endpoint as there are ports: the next one
// gets no answer, until another has ended.
func TestPortsRunOut(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{Closing: time.Second})
	b.serve(traffic.Server{})
	f := netlab.IPv4()
	cfg := configOf(b.service(f, dataplane.TCP, dataplane.OneArm))
	cfg.SNAT = []dataplane.SNAT{{Addr: f.SNAT(), First: 5000, Last: 5003}}
	b.apply(cfg)
	end := b.start(traffic.Plan{Dial: b.Client.Dial, To: vip(f, dataplane.OneArm), Slow: 4})
	b.eventually("all ports are used", func(tally traffic.Tally) bool { return tally.Open["a"] == 4 })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	_, err := b.Client.Dial(ctx, "tcp", vip(f, dataplane.OneArm))
	cancel()
	var late net.Error
	require.ErrorAs(t, err, &late)
	require.True(t, late.Timeout(), err)
	status, err := b.forwarder.Status()
	require.NoError(t, err)
	require.NotZero(t, status.Drops["no-port"], b.describe())
	b.nothingWrong()
	end()
	require.True(t, poll(20*time.Second, func() bool {
		_, err := traffic.Ask(b.Client.Dial, vip(f, dataplane.OneArm))
		return err == nil
	}), "the ports are not free again\n%s", b.describe())
}

// Nothing new goes to an endpoint that is down, at once: that is not prepared.
func TestDownAtOnce(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(endpointChange{weights: []int{1, 1, 1}}.config(b, time.Minute))
	f := netlab.IPv4()
	for _, mode := range modes() {
		applied := make(chan error, 1)
		go func() {
			applied <- b.forwarder.Apply(t.Context(), endpointChange{weights: []int{down, 1, 1}}.config(b, time.Minute))
		}()
		began := time.Now()
		last := began
		for time.Since(began) < time.Second {
			said, err := traffic.Ask(b.Client.Dial, vip(f, mode))
			require.NoError(t, err)
			if said == "a" {
				last = time.Now()
			}
		}
		require.Less(t, last.Sub(began), 300*time.Millisecond)
		require.NoError(t, <-applied)
		b.apply(endpointChange{weights: []int{1, 1, 1}}.config(b, time.Minute))
	}
}

// UDP flows that are not tracked follow their table at once.
func TestUntracked(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{})
	b.serve(traffic.Server{})
	untracked := func(weights ...int) dataplane.Config {
		var all []dataplane.Service
		for _, f := range netlab.Families() {
			s := b.service(f, dataplane.UDP, dataplane.DNAT)
			s.Untracked = true
			for i, w := range weights {
				s.Endpoints[i].Weight = w
			}
			all = append(all, s)
		}
		return configOf(all...)
	}
	b.apply(untracked(1, 1, 1))
	var ends []func()
	for _, f := range netlab.Families() {
		ends = append(ends, b.start(traffic.Plan{Dial: b.Client.Dial, ToUDP: vip(f, dataplane.DNAT), UDP: 20}))
	}
	b.eventually("each endpoint serves", func(tally traffic.Tally) bool { return b.all(tally.Replies, 100) })
	b.nothingWrong()
	b.apply(untracked(0, 1, 1))
	before := b.eventually("flows leave", func(tally traffic.Tally) bool { return len(tally.Moved) > 0 })
	after := b.eventually("replies", func(tally traffic.Tally) bool { return b.since(before, tally) > 300 })
	for _, end := range ends {
		end()
	}
	require.Equal(t, before.Replies["a"], after.Replies["a"])
	require.Empty(t, b.load.Tally().Lost)
	was, is := untracked(1, 1, 1), untracked(0, 1, 1)
	for _, f := range b.load.Tally().Moved {
		client := netip.MustParseAddrPort(f.From.String())
		i := slices.IndexFunc(was.Services, func(s dataplane.Service) bool { return s.VIP.Is4() == client.Addr().Is4() })
		require.NotEqual(t, goes(was, i, client), goes(is, i, client), "%v: only those whose row is another's now, also few of those that were not a's", f)
	}
}

// goes is where the tables alone send a client of a service.
func goes(c dataplane.Config, i int, client netip.AddrPort) dataplane.Endpoint {
	s := c.Services[i]
	table := dataplane.NewTable(c.Seed, s.Endpoints, dataplane.TableSize(len(s.Endpoints)))
	row := uint64(xdp.Hash(c.Seed, s, client)) * uint64(len(table.Rows)) >> 32
	e := table.Endpoints[table.Rows[row]]
	e.Weight = 0 // of no interest
	return e
}

// since is how many replies there were between two tallies.
func (b *bed) since(before, after traffic.Tally) (n int) {
	for i := range b.Endpoints {
		n += after.Replies[nameOf(i)] - before.Replies[nameOf(i)]
	}
	return n
}

// What is none of a service's is the host's: its own addresses, and what it
// forwards.
func TestHostsOwnTraffic(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	b.apply(b.config())
	for _, f := range netlab.Families() {
		at := netip.AddrPortFrom(f.BalancerFront(), 9000).String()
		listener, err := b.Balancer.Listen(t.Context(), "tcp", at)
		require.NoError(t, err)
		b.background(func(ctx context.Context) error { return traffic.Server{Name: "host"}.Serve(ctx, listener) })
		for _, from := range []*netlab.Namespace{b.Client, b.Neighbour, b.Local, b.Endpoints[0]} {
			name, err := traffic.Transfer(t.Context(), from.Dial, at, 100_000)
			require.NoError(t, err, "%s, %v\n%s", from.Name, f, b.describe())
			require.Equal(t, "host", name)
		}
		// From an endpoint by way of the floating gateway to the clients' network.
		at = netip.AddrPortFrom(f.Client(), 9000).String()
		listener, err = b.Client.Listen(t.Context(), "tcp", at)
		require.NoError(t, err)
		b.background(func(ctx context.Context) error { return traffic.Server{Name: "client"}.Serve(ctx, listener) })
		name, err := traffic.Transfer(t.Context(), b.Endpoints[0].Dial, at, 100_000)
		require.NoError(t, err, "%v\n%s", f, b.describe())
		require.Equal(t, "client", name)
	}
}

// Fragments are dropped, and counted.
func TestFragments(t *testing.T) {
	b := newBed(t, netlab.SiteConfig{Endpoints: 1}, xdp.Config{})
	b.serve(traffic.Server{})
	b.apply(b.config())
	for i, f := range netlab.Families() {
		conn, err := b.Client.Dial(t.Context(), "udp", vip(f, dataplane.DNAT))
		require.NoError(t, err)
		_, err = conn.Write(make([]byte, 2000)) // more than an MTU
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		require.True(t, poll(5*time.Second, func() bool {
			status, err := b.forwarder.Status()
			return err == nil && status.Drops["fragment"] == uint64(2*(i+1))
		}), "%v\n%s", f, b.describe())
	}
}

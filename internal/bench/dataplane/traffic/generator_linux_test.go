package traffic_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/dataplane/peer"
	"github.com/regent-ha/regent/internal/bench/dataplane/traffic"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
)

const tx = 3 // XDP_TX

// lo is where frames come in.
const lo = 1

// bench calls f with a generator.
func bench(t *testing.T, f func(g *traffic.Generator) error) {
	t.Helper()
	host, err := netlabtest.New(t, "rbdtraffic").Namespace("host")
	require.NoError(t, err)
	idle, err := traffic.Idle(host)
	require.NoError(t, err)
	require.NoError(t, host.Do(func() error {
		g, err := traffic.NewGenerator(idle, 0)
		if err != nil {
			return err
		}
		defer func() { _ = g.Close() }()
		return f(g)
	}))
}

func stream(ipv6 bool, flows, vips int) traffic.Stream {
	s := traffic.Stream{
		Client: netip.MustParseAddr("10.64.0.0"), VIP: netip.MustParseAddr("192.0.2.1"), Port: 80,
		Flows: flows, VIPs: vips, Flags: traffic.ACK, From: mac(1), To: mac(2),
	}
	if ipv6 {
		s.Client, s.VIP = netip.MustParseAddr("2001:db8:1::"), netip.MustParseAddr("2001:db8:2::1")
	}
	return s
}

// What comes out is a frame of its flow, with checksums that are right, before
// and after it was rewritten.
func TestFrames(t *testing.T) {
	t.Parallel()
	for name, ipv6 := range map[string]bool{"IPv4": false, "IPv6": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := netip.MustParseAddr("198.51.100.7")
			if ipv6 {
				backend = netip.MustParseAddr("2001:db8:3::7")
			}
			var made, sent [][]byte
			bench(t, func(g *traffic.Generator) error {
				table, err := peer.NewTable(1 << 10)
				if err != nil {
					return err
				}
				defer func() { _ = table.Close() }()
				s := stream(ipv6, 100, 4)
				to := netip.AddrPortFrom(backend, 8080)
				if err := table.Add(s.VIP, 4, s.Port, [peer.Backends]netip.AddrPort{to, to, to, to}, mac(3), mac(4)); err != nil {
					return err
				}
				if err := g.Aim(s, lo, g.Back()); err != nil {
					return err
				}
				for range 100 {
					frame, verdict, err := g.One()
					if err != nil || verdict != tx {
						return err
					}
					made = append(made, frame)
				}
				if err := g.Aim(s, lo, table.Program(ipv6)); err != nil {
					return err
				}
				for range 100 {
					frame, verdict, err := g.One()
					if err != nil || verdict != tx {
						return err
					}
					sent = append(sent, frame)
				}
				return nil
			})
			require.Len(t, made, 100)
			require.Len(t, sent, 100)
			clients, vips := make(map[string]bool), make(map[string]bool)
			for i := range made {
				check(t, made[i])
				check(t, sent[i])
				clients[string(source(made[i]))] = true
				vips[string(destination(made[i]))] = true
				require.Equal(t, source(made[i]), source(sent[i]))
				require.Equal(t, backend.AsSlice(), destination(sent[i]))
				require.EqualValues(t, mac(4), sent[i][:6])
				require.Equal(t, hops(made[i])-1, hops(sent[i]))
			}
			require.Len(t, clients, 100)
			require.Len(t, vips, 4)
		})
	}
}

// Every flow comes once in a round.
func TestAllFlows(t *testing.T) {
	t.Parallel()
	for _, flows := range []int{1, 2, 1000, 100_000} {
		for _, ipv6 := range []bool{false, true} {
			bench(t, func(g *traffic.Generator) error {
				table, err := peer.NewTable(1 << 18)
				if err != nil {
					return err
				}
				defer func() { _ = table.Close() }()
				s := stream(ipv6, flows, 1)
				to := netip.AddrPortFrom(s.VIP, 8080)
				if err := table.Add(s.VIP, 1, s.Port, [peer.Backends]netip.AddrPort{to, to, to, to}, mac(3), mac(4)); err != nil {
					return err
				}
				if err := g.Aim(s, lo, table.Program(ipv6)); err != nil {
					return err
				}
				if _, _, err := g.Run(flows); err != nil {
					return err
				}
				n, err := table.Flows(ipv6)
				if err == nil {
					require.Equal(t, flows, n)
				}
				return err
			})
		}
	}
}

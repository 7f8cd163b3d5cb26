package traffic_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// A load balancer of the kernel: new connections to the VIP go to the endpoints in
// turn. Nothing is wrong with it; without its memory of connections everything is.
func TestKernelsLoadBalancer(t *testing.T) {
	t.Parallel()
	for _, f := range netlab.Families() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			site := netlabtest.NewSite(t, netlab.SiteConfig{Name: "rnlkernel"})
			require.NoError(t, site.Plain(1))
			for i, e := range site.Endpoints {
				serveIn(t, e, netip.AddrPortFrom(f.Endpoint(i), 8080))
			}
			nft(t, site.Balancer, spread(f))
			load, at := traffic.New(), netip.AddrPortFrom(f.VIP(0), 80).String()
			end := start(t, load, traffic.Plan{
				Dial: site.Client.Dial, To: at, ToUDP: at, Short: 100, Bulk: 3, Slow: 6, Idle: 6, IdlePause: 50 * time.Millisecond, HalfClosed: 3,
				UDP: 9, UDPPause: 2 * time.Millisecond, Patience: 2 * time.Second,
			})
			tally := eventually(t, load, func(tally traffic.Tally) bool {
				return tally.Ended > 100 && tally.Replies["endpoint0"] > 100 && tally.Replies["endpoint1"] > 100 && tally.Replies["endpoint2"] > 100
			})
			require.Empty(t, tally.Broken)
			require.Empty(t, tally.Lost)
			require.Empty(t, tally.Moved)

			require.NoError(t, site.Balancer.Netlink().ConntrackTableFlush(netlink.ConntrackTable))
			tally = eventually(t, load, func(tally traffic.Tally) bool { return len(tally.Broken) >= 10 && len(tally.Moved) > 0 })
			end()
			reset := 0
			for _, fault := range tally.Broken {
				if errors.Is(fault.Err, syscall.ECONNRESET) {
					reset++
				}
			}
			require.NotZero(t, reset)
		})
	}
}

// A first SYN that is lost is noticed.
func TestRetried(t *testing.T) {
	t.Parallel()
	f := netlab.IPv4()
	site := netlabtest.NewSite(t, netlab.SiteConfig{Name: "rnlsyn", Endpoints: 1})
	require.NoError(t, site.Plain(0))
	at := netip.AddrPortFrom(f.Endpoint(0), 8080)
	serveIn(t, site.Endpoints[0], at)
	for _, lost := range []int{0, 1} {
		load := traffic.New()
		end := start(t, load, traffic.Plan{Dial: site.Client.Dial, To: at.String(), Slow: 1})
		tally := eventually(t, load, func(tally traffic.Tally) bool { return tally.Open["endpoint0"] == 1 })
		end()
		require.Equal(t, lost, tally.Retried)
		nft(t, site.Balancer, "table ip loss { chain forward { type filter hook forward priority filter; tcp dport 8080 quota until 60 bytes drop; }; }")
	}
}

// serveIn serves TCP and UDP in a namespace, by its name.
func serveIn(t *testing.T, host *netlab.Namespace, at netip.AddrPort) {
	t.Helper()
	s := traffic.Server{Name: host.Name}
	listener, err := host.Listen(t.Context(), "tcp", at.String())
	require.NoError(t, err)
	background(t, func(ctx context.Context) error { return s.Serve(ctx, listener) })
	conn, err := host.ListenPacket(t.Context(), "udp", at.String())
	require.NoError(t, err)
	background(t, func(ctx context.Context) error { return s.ServePackets(ctx, conn) })
}

// spread is a ruleset by which three endpoints get new connections in turn.
func spread(f netlab.Family) string {
	family := "ip"
	if f.Back.Addr().Is6() {
		family = "ip6"
	}
	return fmt.Sprintf(`table %[1]s lab {
		chain prerouting {
			type nat hook prerouting priority dstnat
			%[1]s daddr %[2]v meta l4proto { tcp, udp } dnat %[1]s addr . port to numgen inc mod 3 map { 0 : %[3]v . 8080, 1 : %[4]v . 8080, 2 : %[5]v . 8080 }
		}
	}`, family, f.VIP(0), f.Endpoint(0), f.Endpoint(1), f.Endpoint(2))
}

func nft(t *testing.T, host *netlab.Namespace, rules string) {
	t.Helper()
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	p, err := host.Start(cmd)
	require.NoError(t, err)
	require.NoError(t, p.Wait(), said.String())
}

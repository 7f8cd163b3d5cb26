package netlab_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
)

// hello serves its name and who asked, once each.
func hello(t *testing.T, host *netlab.Namespace, at netip.AddrPort) {
	t.Helper()
	listener, err := host.Listen(t.Context(), "tcp", at.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(conn, "%s to %v", host.Name, conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())
			_ = conn.Close()
		}
	}()
}

func ask(t *testing.T, from *netlab.Namespace, at netip.AddrPort) string {
	t.Helper()
	conn, err := from.Dial(t.Context(), "tcp", at.String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(said)
}

// Each network of the page works by the kernel's own means: routing, and
// destination NAT by nftables, with and without tags and larger frames.
func TestSiteForwards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]netlab.SiteConfig{
		"plain":            {Name: "rnlsite"},
		"VLANs":            {Name: "rnlsite", FrontVLAN: 7, BackVLAN: 42, Endpoints: 1},
		"jumbo":            {Name: "rnlsite", MTU: 9000, Endpoints: 1},
		"narrow to client": {Name: "rnlsite", ClientMTU: 1280, Endpoints: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.FrontVLAN != 0 && !netlabtest.VLANs(t) {
				return
			}
			site := netlabtest.NewSite(t, c)
			require.NoError(t, site.Plain(2))
			for _, f := range netlab.Families() {
				for i, e := range site.Endpoints {
					at := netip.AddrPortFrom(f.Endpoint(i), 8080)
					hello(t, e, at)
					for from, as := range map[*netlab.Namespace]netip.Addr{site.Client: f.Client(), site.Neighbour: f.Neighbour(), site.Local: f.Local()} {
						require.Equal(t, fmt.Sprintf("endpoint%d to %v", i, as), ask(t, from, at))
					}
				}
				translate(t, site.Balancer, f)
				require.Equal(t, fmt.Sprintf("endpoint0 to %v", f.Client()), ask(t, site.Client, netip.AddrPortFrom(f.VIP(0), 80)))
				require.Equal(t, fmt.Sprintf("endpoint0 to %v", f.Neighbour()), ask(t, site.Neighbour, netip.AddrPortFrom(f.VIP(0), 80)))
			}
		})
	}
}

// translate sends what comes for the first VIP to the first endpoint.
func translate(t *testing.T, balancer *netlab.Namespace, f netlab.Family) {
	t.Helper()
	family := "ip"
	if f.Back.Addr().Is6() {
		family = "ip6"
	}
	nft := exec.Command("nft", "-f", "-")
	nft.Stdin = strings.NewReader(fmt.Sprintf(`table %s lab {
		chain prerouting { type nat hook prerouting priority dstnat; %s daddr %v tcp dport 80 dnat to %v; }
	}`, family, family, f.VIP(0), netip.AddrPortFrom(f.Endpoint(0), 8080)))
	var said strings.Builder
	nft.Stdout, nft.Stderr = &said, &said
	p, err := balancer.Start(nft)
	require.NoError(t, err)
	require.NoError(t, p.Wait(), said.String())
}

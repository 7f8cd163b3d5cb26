package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/regent-ha/regent/internal/netlab"
)

// server is an endpoint in the load balancer's file.
type server struct {
	name   string
	number int // of its addresses
	weight int
}

// file is what the load balancer is configured with.
type file struct {
	socket  string
	servers []server
	// fault is a line that does not belong there.
	fault string
}

// The ports of VIPs. The one-arm service has a VIP of its own.
const (
	webPort = 80
	dnsPort = 53
)

func webVIP(f netlab.Family) netip.AddrPort    { return netip.AddrPortFrom(f.VIP(0), webPort) }
func oneArmVIP(f netlab.Family) netip.AddrPort { return netip.AddrPortFrom(f.VIP(1), webPort) }
func dnsVIP(f netlab.Family) netip.AddrPort    { return netip.AddrPortFrom(f.VIP(0), dnsPort) }

// yaml is the file's text.
func (c file) yaml() string {
	var b strings.Builder
	v4, v6 := netlab.IPv4(), netlab.IPv6()
	fmt.Fprintf(&b, `seed: 0x5eed5eed5eed5eed
interfaces: {allow: front|back}
listen: 127.0.0.1:8080
socket: %s
damping: {off: true} # who is killed for a demo is no flapping endpoint
snat:
- {address: %q, ports: 1024-65535}
- {address: %q, ports: 1024-65535}
gateways: [%q, %q]
services:
`, c.socket, v4.SNAT(), v6.SNAT(), v4.Gateway(), v6.Gateway())
	for _, f := range netlab.Families() {
		for _, s := range []struct {
			name, protocol, mode string
			vip                  netip.AddrPort
		}{
			{"web", "tcp", "dnat", webVIP(f)}, {"shop", "tcp", "one-arm", oneArmVIP(f)}, {"dns", "udp", "dnat", dnsVIP(f)},
		} {
			fmt.Fprintf(&b, "- name: %s-%v\n  vip: %q\n  port: %d\n  protocol: %s\n  mode: %s\n  endpoints:\n",
				s.name, f, s.vip.Addr(), s.vip.Port(), s.protocol, s.mode)
			for _, e := range c.servers {
				fmt.Fprintf(&b, "  - {address: %q, port: %d, weight: %d}\n", f.Endpoint(e.number), servePort, e.weight)
			}
			fmt.Fprintf(&b, "  probe: {type: tcp, port: %d, interval: 400ms, timeout: 300ms, rise: 2, fall: 2}\n", servePort)
		}
	}
	return b.String() + c.fault
}

// server finds one by its name.
func (c file) server(name string) *server {
	for i := range c.servers {
		if c.servers[i].name == name {
			return &c.servers[i]
		}
	}
	return nil
}

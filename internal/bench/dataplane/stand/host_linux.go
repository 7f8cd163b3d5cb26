package stand

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/regent-ha/regent/internal/bench/dataplane/peer"
	"github.com/regent-ha/regent/internal/bench/dataplane/traffic"
	"github.com/regent-ha/regent/internal/netlab"
)

// A host has three interfaces: packets come in at the balancer's, and are sent
// from it to the sink; the generator is attached to the idle one.
const (
	balancerInterface = "b0"
	sinkInterface     = "s0"
)

// NewHost makes a host for a stand, which balances one VIP by nftables.
func NewHost(l *netlab.Lab, name string) (*netlab.Namespace, error) {
	host, err := l.Namespace(name)
	if err != nil {
		return nil, err
	}
	// The balancer first: it may send by XDP only if the other end, which comes up
	// after it, has been seen to take that.
	err = l.Wire(
		netlab.Port{In: host, Name: balancerInterface, MAC: balancerMAC()},
		netlab.Port{In: host, Name: sinkInterface, MAC: routerMAC()})
	if err != nil {
		return nil, err
	}
	if _, err := traffic.Idle(host); err != nil {
		return nil, err
	}
	for _, f := range []family{ipv4(), ipv6()} {
		err := errors.Join(
			host.Address(balancerInterface, netip.PrefixFrom(f.own, f.bits)),
			host.Neighbour(balancerInterface, f.router, routerMAC()),
			host.DefaultRoute(f.router))
		if err != nil {
			return nil, err
		}
		for i := range neighbours {
			if err := host.Neighbour(balancerInterface, nth(f.endpoints, i), routerMAC()); err != nil {
				return nil, fmt.Errorf("endpoint %d: %w", i, err)
			}
		}
	}
	var endpoints []netip.AddrPort
	for i := range few {
		endpoints = append(endpoints, netip.AddrPortFrom(nth(ipv4().endpoints, i), endpointPort))
	}
	return host, peer.Translate(host, netip.AddrPortFrom(ipv4().vip(translated), port), endpoints)
}

func balancerMAC() net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, 2} }
func routerMAC() net.HardwareAddr   { return net.HardwareAddr{2, 0, 0, 0, 0, 1} }

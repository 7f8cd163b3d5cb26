package netlab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Address gives an interface an address, which can be used at once.
func (n *Namespace) Address(name string, address netip.Prefix) error {
	return n.change(name, fmt.Sprintf("address %v", address), func(link netlink.Link) error {
		return n.handle.AddrAdd(link, &netlink.Addr{IPNet: network(address), Flags: unix.IFA_F_NODAD})
	})
}

// Route sends packets for a network to a gateway.
func (n *Namespace) Route(to netip.Prefix, via netip.Addr) error {
	err := n.handle.RouteReplace(&netlink.Route{Dst: network(to), Gw: via.AsSlice()})
	if err != nil {
		return fmt.Errorf("netlab: %s: route %v via %v: %w", n.Name, to, via, err)
	}
	return nil
}

// DefaultRoute sends packets that have no other route to a gateway.
func (n *Namespace) DefaultRoute(via netip.Addr) error {
	return n.Route(everything(via), via)
}

// Neighbour sets the hardware address of a neighbour, which is then not asked
// for any more.
func (n *Namespace) Neighbour(name string, at netip.Addr, mac net.HardwareAddr) error {
	return n.change(name, fmt.Sprintf("neighbour %v %v", at, mac), func(link netlink.Link) error {
		return n.handle.NeighSet(&netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: at.AsSlice(), HardwareAddr: mac})
	})
}

// network keeps the bits of the host: it may be one's address.
func network(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// AnnounceSegments has the host's default route announce TCP segments of that
// size, whatever its link takes.
func (n *Namespace) AnnounceSegments(via netip.Addr, size int) error {
	err := n.handle.RouteReplace(&netlink.Route{Dst: network(everything(via)), Gw: via.AsSlice(), AdvMSS: size})
	if err != nil {
		return fmt.Errorf("netlab: %s: segments of %d via %v: %w", n.Name, size, via, err)
	}
	return nil
}

// everything is the network that all addresses of the family are in.
func everything(a netip.Addr) netip.Prefix {
	if a.Is4() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

package xdp

import (
	"errors"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// hop is where frames for an endpoint go. Without an interface it is not known.
type hop struct {
	ifindex     int // of the device that sends the frames
	vlan        uint16
	mtu         uint16
	mac, source [6]byte
	mask        [4]uint32 // of the network that it shares with its neighbours
	device      string
}

// host is the mask of a network in which it is alone.
func (h hop) host() [4]uint32 {
	return [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}
}

// port is a network interface that frames can be sent by.
type port struct {
	ifindex int // of the device below, if it is a VLAN's
	vlan    uint16
	mtu     int
	mac     [6]byte
	name    string
	nets    []netip.Prefix
}

// route is where the host sends packets for an address.
type route struct {
	ifindex int
	next    netip.Addr // the address itself, if it is a neighbour
	direct  bool
	mtu     int // 0: the interface's
	known   bool
}

// network is what of the host's network the program is told: a picture of one
// moment.
type network struct {
	ports      map[int]port
	neighbours map[neighbour]net.HardwareAddr
	idle       map[neighbour]bool // may have moved, without anybody having asked
}

type neighbour struct {
	ifindex int
	addr    netip.Addr
}

// look takes a picture of the host's network.
func look() (network, error) {
	n := network{ports: make(map[int]port), neighbours: make(map[neighbour]net.HardwareAddr), idle: make(map[neighbour]bool)}
	links, err := netlink.LinkList()
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return n, err
	}
	for _, l := range links {
		a := l.Attrs()
		p := port{ifindex: a.Index, mtu: a.MTU, name: a.Name}
		if len(a.HardwareAddr) != 6 || a.Flags&net.FlagUp == 0 {
			continue
		}
		p.mac = [6]byte(a.HardwareAddr)
		if v, ok := l.(*netlink.Vlan); ok {
			p.ifindex, p.vlan = v.ParentIndex, uint16(v.VlanId)
		}
		n.ports[a.Index] = p
	}
	addresses, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return n, err
	}
	for _, a := range addresses {
		p, ok := n.ports[a.LinkIndex]
		ip, valid := netip.AddrFromSlice(a.IP)
		if ones, _ := a.Mask.Size(); ok && valid {
			p.nets = append(p.nets, netip.PrefixFrom(ip.Unmap(), ones).Masked())
			n.ports[a.LinkIndex] = p
		}
	}
	for _, fam := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		neighbours, err := netlink.NeighList(0, fam)
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return n, err
		}
		const unusable = netlink.NUD_INCOMPLETE | netlink.NUD_FAILED | netlink.NUD_NONE
		for _, e := range neighbours {
			ip, ok := netip.AddrFromSlice(e.IP)
			switch k := (neighbour{e.LinkIndex, ip.Unmap()}); {
			case !ok:
			case e.State&unusable == 0 && len(e.HardwareAddr) == 6:
				n.neighbours[k] = e.HardwareAddr
				n.idle[k] = e.State&netlink.NUD_STALE != 0
			}
		}
	}
	return n, nil
}

// find asks the kernel for a route.
func find(h *netlink.Handle, to netip.Addr) route {
	routes, err := h.RouteGet(net.IP(to.AsSlice()))
	if err != nil || len(routes) == 0 {
		return route{}
	}
	r := routes[0]
	found := route{ifindex: r.LinkIndex, next: to, direct: true, mtu: r.MTU, known: true}
	if gw, ok := netip.AddrFromSlice(r.Gw); ok && !gw.IsUnspecified() {
		found.next, found.direct = gw.Unmap(), false
	} else if v, ok := r.Via.(*netlink.Via); ok && v != nil {
		gw, _ := netip.AddrFromSlice(v.Addr)
		found.next, found.direct = gw.Unmap(), false
	}
	return found
}

// way is the next hop to an address: a zero hop if there is no route, or nobody
// has answered there yet; last if the kernel has forgotten its MAC address. asks:
// it has to find that out.
func (n network) way(to netip.Addr, by route, last hop) (h hop, asks bool) {
	p, ok := n.ports[by.ifindex]
	if !ok || !by.known {
		return hop{}, false
	}
	k := neighbour{by.ifindex, by.next}
	mac, known := n.neighbours[k]
	if !known {
		if last.ifindex != p.ifindex {
			return hop{}, true
		}
		return last, true // a dead endpoint is for probes to find
	}
	h = hop{ifindex: p.ifindex, vlan: p.vlan, mtu: uint16(min(p.mtu, 65535)), mac: [6]byte(mac), source: p.mac, device: p.name}
	if by.mtu > 0 && by.mtu < p.mtu {
		h.mtu = uint16(by.mtu)
	}
	h.mask = h.host()
	for _, prefix := range p.nets {
		if by.direct && prefix.Contains(to) {
			h.mask = maskOf(prefix)
		}
	}
	return h, false
}

func maskOf(p netip.Prefix) [4]uint32 {
	ones, _ := netip.AddrFromSlice(net.CIDRMask(p.Bits(), p.Addr().BitLen()))
	m := words(ones)
	if p.Addr().Is4() {
		m[1], m[2], m[3] = ^uint32(0), ^uint32(0), ^uint32(0)
	}
	return m
}

// ask lets the kernel find out a neighbour's MAC address, or whether it still has
// it. The answer shows among the neighbours.
func ask(h *netlink.Handle, k neighbour) {
	fam := netlink.FAMILY_V4
	if k.addr.Is6() {
		fam = netlink.FAMILY_V6
	}
	// An error shows as a hop that stays unknown.
	_ = h.NeighSet(&netlink.Neigh{
		LinkIndex: k.ifindex, Family: fam, IP: net.IP(k.addr.AsSlice()), State: netlink.NUD_NONE, Flags: unix.NTF_USE,
	})
}

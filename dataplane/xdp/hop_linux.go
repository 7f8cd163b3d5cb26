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

// network is what of the host's network the program is told: a picture of one
// moment.
type network struct {
	ports      map[int]port
	neighbours map[neighbour]net.HardwareAddr
	silent     map[neighbour]bool // were asked, and have not answered
}

type neighbour struct {
	ifindex int
	addr    netip.Addr
}

// look takes a picture of the host's network.
func look() (network, error) {
	n := network{ports: make(map[int]port), neighbours: make(map[neighbour]net.HardwareAddr), silent: make(map[neighbour]bool)}
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
			case e.State&netlink.NUD_FAILED != 0:
				n.silent[k] = true
			case e.State&unusable == 0 && len(e.HardwareAddr) == 6:
				n.neighbours[k] = e.HardwareAddr
			}
		}
	}
	return n, nil
}

// way is the next hop to an address: a zero hop if there is no route, or nobody
// answers there; last if the kernel has forgotten its MAC address, and asks.
func (n network) way(to netip.Addr, last hop) hop {
	routes, err := netlink.RouteGet(net.IP(to.AsSlice()))
	if err != nil || len(routes) == 0 {
		return hop{}
	}
	r := routes[0]
	p, ok := n.ports[r.LinkIndex]
	if !ok {
		return hop{}
	}
	next, direct := to, true
	if gw, ok := netip.AddrFromSlice(r.Gw); ok && !gw.IsUnspecified() {
		next, direct = gw.Unmap(), false
	} else if v, ok := r.Via.(*netlink.Via); ok && v != nil {
		gw, _ := netip.AddrFromSlice(v.Addr)
		next, direct = gw.Unmap(), false
	}
	mac, known := n.neighbours[neighbour{r.LinkIndex, next}]
	if !known {
		ask(r.LinkIndex, next)
		if n.silent[neighbour{r.LinkIndex, next}] || last.ifindex != p.ifindex {
			return hop{}
		}
		return last
	}
	h := hop{ifindex: p.ifindex, vlan: p.vlan, mtu: uint16(min(p.mtu, 65535)), mac: [6]byte(mac), source: p.mac, device: p.name}
	if r.MTU > 0 && r.MTU < p.mtu {
		h.mtu = uint16(r.MTU)
	}
	h.mask = h.host()
	for _, prefix := range p.nets {
		if direct && prefix.Contains(to) {
			h.mask = maskOf(prefix)
		}
	}
	return h
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
func ask(ifindex int, addr netip.Addr) {
	fam := netlink.FAMILY_V4
	if addr.Is6() {
		fam = netlink.FAMILY_V6
	}
	// An error shows as a hop that stays unknown.
	_ = netlink.NeighSet(&netlink.Neigh{
		LinkIndex: ifindex, Family: fam, IP: net.IP(addr.AsSlice()), State: netlink.NUD_NONE, Flags: unix.NTF_USE,
	})
}

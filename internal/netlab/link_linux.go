package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
)

// Port is one end of a link.
type Port struct {
	// In and Name say where it is, and what it is called there. Required.
	In   *Namespace
	Name string
	// MTU: 0 = 1500.
	MTU int
	// MAC: nil = the kernel chooses one.
	MAC net.HardwareAddr
	// VLAN tags all frames: what is below goes to an interface Name.VLAN on top of
	// this one. 0 = none.
	VLAN int
	// Bridge is the bridge of In that it is a port of. "" = none.
	Bridge string
	// PeerTransmits: the peer will have an XDP program that sends frames back
	// (XDP_TX).
	PeerTransmits bool
	// Addresses of the host, each with the prefix of its network.
	Addresses []netip.Prefix
}

// Interface is what has the port's addresses: with a VLAN not the port itself.
func (p Port) Interface() string {
	if p.VLAN == 0 {
		return p.Name
	}
	return fmt.Sprintf("%s.%d", p.Name, p.VLAN)
}

// Wire connects two ports, which it makes.
func (l *Lab) Wire(a, b Port) error {
	veth := &netlink.Veth{
		LinkAttrs: a.attributes(), PeerName: b.Name,
		PeerMTU: uint32(b.attributes().MTU), PeerHardwareAddr: b.MAC, PeerNamespace: netlink.NsFd(b.In.ns),
	}
	if err := a.In.handle.LinkAdd(veth); err != nil {
		return fmt.Errorf("netlab: wire %s %s to %s %s: %w", a.In.Name, a.Name, b.In.Name, b.Name, err)
	}
	for _, step := range []func(Port) error{Port.up, Port.carrier, Port.setUp} {
		if err := errors.Join(step(a), step(b)); err != nil {
			return err
		}
	}
	return nil
}

func (p Port) attributes() netlink.LinkAttrs {
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MTU, attributes.HardwareAddr = p.Name, p.MTU, p.MAC
	if p.MTU == 0 {
		attributes.MTU = 1500
	}
	return attributes
}

// up lets frames through.
func (p Port) up() error {
	if err := p.In.realFrames(p.Name); err != nil {
		return err
	}
	if err := p.In.Up(p.Name); err != nil {
		return err
	}
	if p.PeerTransmits {
		return p.In.takeTransmitted(p.Name)
	}
	return nil
}

// carrier waits until the kernel has noticed that the other end is up, too: before
// that a bridge does not forward, and IPv6 addresses are not used.
func (p Port) carrier() error {
	const within = 5 * time.Second
	for ends := time.Now().Add(within); ; time.Sleep(time.Millisecond) {
		link, err := p.In.Link(p.Name)
		switch {
		case err != nil:
			return err
		case link.Attrs().OperState == netlink.OperUp:
			return nil
		case time.Now().After(ends):
			return fmt.Errorf("netlab: %s: %s has no carrier after %v", p.In.Name, p.Name, within)
		}
	}
}

// setUp makes a port that is up what it is described as.
func (p Port) setUp() error {
	n := p.In
	if p.VLAN != 0 {
		link, err := n.Link(p.Name)
		if err != nil {
			return err
		}
		attributes := netlink.NewLinkAttrs()
		attributes.Name, attributes.ParentIndex = p.Interface(), link.Attrs().Index
		if err := n.handle.LinkAdd(&netlink.Vlan{LinkAttrs: attributes, VlanId: p.VLAN, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q}); err != nil {
			return fmt.Errorf("netlab: %s: VLAN %d on %s: %w", n.Name, p.VLAN, p.Name, err)
		}
		if err := n.Up(p.Interface()); err != nil {
			return err
		}
	}
	if p.Bridge != "" {
		if err := n.enslave(p.Interface(), p.Bridge); err != nil {
			return err
		}
	}
	for _, a := range p.Addresses {
		if err := n.Address(p.Interface(), a); err != nil {
			return err
		}
	}
	return nil
}

func (n *Namespace) enslave(port, bridge string) error {
	link, err := n.Link(port)
	if err != nil {
		return err
	}
	master, err := n.Link(bridge)
	if err != nil {
		return err
	}
	if err := n.handle.LinkSetMaster(link, master); err != nil {
		return fmt.Errorf("netlab: %s: %s to bridge %s: %w", n.Name, port, bridge, err)
	}
	return nil
}

// Bridge adds a switch to the host, to which ports can belong.
func (n *Namespace) Bridge(name string) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	if err := n.handle.LinkAdd(&netlink.Bridge{LinkAttrs: attributes}); err != nil {
		return fmt.Errorf("netlab: %s: bridge %s: %w", n.Name, name, err)
	}
	return n.Up(name)
}

// Link is the interface of that name.
func (n *Namespace) Link(name string) (netlink.Link, error) {
	link, err := n.handle.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("netlab: %s: link %s: %w", n.Name, name, err)
	}
	return link, nil
}

// Up sets an interface up.
func (n *Namespace) Up(name string) error { return n.change(name, "up", n.handle.LinkSetUp) }

// Down sets an interface down: its peer loses its carrier.
func (n *Namespace) Down(name string) error { return n.change(name, "down", n.handle.LinkSetDown) }

// Remove deletes an interface, and its peer.
func (n *Namespace) Remove(name string) error { return n.change(name, "remove", n.handle.LinkDel) }

// MTU changes the MTU of an interface.
func (n *Namespace) MTU(name string, mtu int) error {
	return n.change(name, fmt.Sprintf("MTU %d", mtu), func(link netlink.Link) error { return n.handle.LinkSetMTU(link, mtu) })
}

// MAC changes the hardware address of an interface.
func (n *Namespace) MAC(name string, mac net.HardwareAddr) error {
	return n.change(name, fmt.Sprintf("MAC %v", mac), func(link netlink.Link) error { return n.handle.LinkSetHardwareAddr(link, mac) })
}

func (n *Namespace) change(name, what string, change func(netlink.Link) error) error {
	link, err := n.Link(name)
	if err != nil {
		return err
	}
	if err := change(link); err != nil {
		return fmt.Errorf("netlab: %s: %s %s: %w", n.Name, name, what, err)
	}
	return nil
}

package netlab

import (
	"errors"
	"fmt"
	"net/netip"
)

// SiteConfig is what can differ between Sites.
type SiteConfig struct {
	// Name is that of the lab. Required.
	Name string
	// Endpoints is how many there are. 0 = 3.
	Endpoints int
	// MTU is that of all links but the one of clients. 0 = 1500.
	MTU int
	// ClientMTU is that of the link between clients and router. 0 = MTU.
	ClientMTU int
	// FrontVLAN and BackVLAN tag the frames on the balancer's links. 0 = they have
	// none.
	FrontVLAN, BackVLAN int
}

// Site is a network in which load balancers are tried, for both address families:
//
//	Client ── Router ──┐
//	                   ├── Front ── Balancer ── Back ──┬── Endpoints
//	       Neighbour ──┘  (switch)             (switch)└── Local
//
// Clients are routed; the neighbour is in the VIP's network, and the local client
// in that of the endpoints. The balancer has the interfaces "front" and "back" and
// forwards; everyone else has "eth0", the router also "clients". Endpoints and the
// local client have the floating gateway as their default route, which nobody has
// yet: a load balancer speaks for it, or Site.Plain does.
type Site struct {
	*Lab
	Client, Router, Neighbour, Front, Balancer, Back, Local *Namespace
	Endpoints                                               []*Namespace

	config SiteConfig
}

// NewSite builds a Site.
func NewSite(c SiteConfig) (*Site, error) {
	if c.Endpoints == 0 {
		c.Endpoints = 3
	}
	if c.ClientMTU == 0 {
		c.ClientMTU = c.MTU
	}
	lab, err := New(c.Name)
	if err != nil {
		return nil, err
	}
	s := &Site{Lab: lab, config: c}
	if err := s.build(); err != nil {
		return nil, errors.Join(err, lab.Close())
	}
	return s, nil
}

// FrontInterface is what has the balancer's addresses towards clients.
func (s *Site) FrontInterface() string { return s.frontPort().Interface() }

// BackInterface is what has the balancer's addresses towards endpoints.
func (s *Site) BackInterface() string { return s.backPort().Interface() }

func (s *Site) frontPort() Port {
	return Port{In: s.Balancer, Name: "front", MTU: s.config.MTU, VLAN: s.config.FrontVLAN, Addresses: inFront(Family.BalancerFront)}
}

func (s *Site) backPort() Port {
	return Port{In: s.Balancer, Name: "back", MTU: s.config.MTU, VLAN: s.config.BackVLAN, Addresses: inBack(Family.BalancerBack)}
}

// inClients, inFront and inBack are a host's addresses there, of all families.
func inClients(at func(Family) netip.Addr) []netip.Prefix {
	return addresses(func(f Family) netip.Prefix { return in(f.Clients, at(f)) })
}

func inFront(at func(Family) netip.Addr) []netip.Prefix {
	return addresses(func(f Family) netip.Prefix { return in(f.Front, at(f)) })
}

func inBack(at func(Family) netip.Addr) []netip.Prefix {
	return addresses(func(f Family) netip.Prefix { return in(f.Back, at(f)) })
}

func addresses(of func(Family) netip.Prefix) (all []netip.Prefix) {
	for _, f := range Families() {
		all = append(all, of(f))
	}
	return all
}

func (s *Site) build() error {
	for _, host := range []struct {
		name string
		at   **Namespace
	}{
		{"client", &s.Client}, {"router", &s.Router}, {"neighbour", &s.Neighbour}, {"front", &s.Front},
		{"balancer", &s.Balancer}, {"back", &s.Back}, {"local", &s.Local},
	} {
		var err error
		if *host.at, err = s.Namespace(host.name); err != nil {
			return err
		}
	}
	for _, step := range []func() error{
		s.Router.Forward, s.Balancer.Forward,
		func() error { return s.Front.Bridge("switch") },
		func() error { return s.Back.Bridge("switch") },
		s.wire, s.routes,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	for range s.config.Endpoints {
		if _, err := s.AddEndpoint(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) wire() error {
	c := s.config
	host := func(n *Namespace, name string, mtu int, addresses []netip.Prefix) Port {
		return Port{In: n, Name: name, MTU: mtu, Addresses: addresses}
	}
	port := func(n *Namespace, name string) Port {
		return Port{In: n, Name: name, MTU: c.MTU, Bridge: "switch"}
	}
	for _, link := range [][2]Port{
		{host(s.Client, "eth0", c.ClientMTU, inClients(Family.Client)), host(s.Router, "clients", c.ClientMTU, inClients(Family.ClientRouter))},
		{host(s.Router, "eth0", c.MTU, inFront(Family.Router)), port(s.Front, "router")},
		{host(s.Neighbour, "eth0", c.MTU, inFront(Family.Neighbour)), port(s.Front, "neighbour")},
		{host(s.Local, "eth0", c.MTU, inBack(Family.Local)), port(s.Back, "local")},
	} {
		if err := s.Wire(link[0], link[1]); err != nil {
			return err
		}
	}
	if err := s.Wire(s.frontPort(), Port{In: s.Front, Name: "balancer", MTU: c.MTU, VLAN: c.FrontVLAN, Bridge: "switch", PeerTransmits: true}); err != nil {
		return err
	}
	return s.WireBack()
}

// WireBack is the link between balancer and endpoints: NewSite makes it, and it
// can be made again after it was removed.
func (s *Site) WireBack() error {
	return s.Wire(s.backPort(), Port{In: s.Back, Name: "balancer", MTU: s.config.MTU, VLAN: s.config.BackVLAN, Bridge: "switch", PeerTransmits: true})
}

func (s *Site) routes() error {
	for _, f := range Families() {
		for _, r := range []struct {
			at  *Namespace
			via netip.Addr
		}{{s.Client, f.ClientRouter()}, {s.Neighbour, f.Router()}, {s.Balancer, f.Router()}, {s.Local, f.Gateway()}} {
			if err := r.at.DefaultRoute(r.via); err != nil {
				return err
			}
		}
		// Nobody's way to the endpoints' network but the balancer.
		if err := s.Router.Route(f.Back, f.BalancerFront()); err != nil {
			return err
		}
	}
	return nil
}

// AddEndpoint adds one to the endpoints' network.
func (s *Site) AddEndpoint() (*Namespace, error) {
	i := len(s.Endpoints)
	name := fmt.Sprintf("endpoint%d", i)
	n, err := s.Namespace(name)
	if err != nil {
		return nil, err
	}
	at := inBack(func(f Family) netip.Addr { return f.Endpoint(i) })
	err = s.Wire(
		Port{In: n, Name: "eth0", MTU: s.config.MTU, Addresses: at},
		Port{In: s.Back, Name: name, MTU: s.config.MTU, Bridge: "switch"},
	)
	if err != nil {
		return nil, err
	}
	for _, f := range Families() {
		if err := n.DefaultRoute(f.Gateway()); err != nil {
			return nil, err
		}
	}
	s.Endpoints = append(s.Endpoints, n)
	return n, nil
}

// Plain gives the balancer the floating gateway and so many VIPs as addresses of
// its own, for load balancers that are part of its kernel.
func (s *Site) Plain(vips int) error {
	for _, f := range Families() {
		if err := s.Balancer.Address(s.BackInterface(), in(f.Back, f.Gateway())); err != nil {
			return err
		}
		for i := range vips {
			if err := s.Balancer.Address(s.FrontInterface(), in(f.Front, f.VIP(i))); err != nil {
				return err
			}
		}
	}
	return nil
}

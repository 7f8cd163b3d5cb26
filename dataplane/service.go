package dataplane

import (
	"fmt"
	"net/netip"
	"time"
)

// Protocol is a transport protocol, by its IANA number.
type Protocol uint8

// The protocols that services have.
const (
	TCP Protocol = 6
	UDP Protocol = 17
)

func (p Protocol) String() string {
	switch p {
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	}
	return fmt.Sprintf("protocol %d", uint8(p))
}

// Mode is how packets are rewritten. The numbers are loxilb's.
type Mode uint8

const (
	// DNAT rewrites the destination. The client's address is kept, so endpoints
	// have to route back through the load balancer.
	DNAT Mode = 0
	// OneArm rewrites the source, too, to an address of the load balancer in the
	// endpoints' subnet.
	OneArm Mode = 1
)

func (m Mode) String() string {
	switch m {
	case DNAT:
		return "DNAT"
	case OneArm:
		return "one-arm"
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// What zero values of Service stand for.
const (
	DefaultTCPIdleTimeout = 350 * time.Second
	DefaultUDPIdleTimeout = 120 * time.Second
)

// Service is an address at which connections are taken in, and where they go.
type Service struct {
	// VIP, Port and Protocol are where clients connect to. Required.
	VIP      netip.Addr
	Port     uint16
	Protocol Protocol
	// Mode is how packets are rewritten. The zero value is DNAT.
	Mode Mode
	// Endpoints share the connections, of the VIP's address family. Without any
	// that is up, connections are refused a place.
	Endpoints []Endpoint
	// IdleTimeout is how long a connection may be silent and still stays where
	// it is, whatever changes. 0 = 350 s for TCP, as cloud load balancers have
	// it, 120 s for UDP. From 1 s to 24 h.
	IdleTimeout time.Duration
	// Untracked lets a UDP service's flows follow its table at once when that
	// changes, and remembers none. TCP connections are never moved.
	Untracked bool
}

// Endpoint serves connections.
type Endpoint struct {
	// Addr and Port are where it serves. Required.
	Addr netip.Addr
	Port uint16
	// Weight is its share of new connections, beside the others' weights. 0 =
	// none: it drains. At most MaxWeight.
	Weight int
	// Down: it does not answer, and gets no new connection.
	Down bool
}

// Bounds of a service.
const (
	MaxEndpoints = 1000
	MaxWeight    = 100
)

func (e Endpoint) String() string { return netip.AddrPortFrom(e.Addr, e.Port).String() }

// String names the service in messages: "192.0.2.1:80/TCP".
func (s Service) String() string {
	return netip.AddrPortFrom(s.VIP, s.Port).String() + "/" + s.Protocol.String()
}

// Idle is IdleTimeout, or what 0 stands for.
func (s Service) Idle() time.Duration {
	switch {
	case s.IdleTimeout != 0:
		return s.IdleTimeout
	case s.Protocol == UDP:
		return DefaultUDPIdleTimeout
	}
	return DefaultTCPIdleTimeout
}

// Config is all that a load balancer is to do.
type Config struct {
	// Seed is the same on all instances, and secret: whoever knows it can aim at
	// one endpoint.
	Seed uint64
	// Services have an address, port and protocol each of their own.
	Services []Service
	// SNAT are the addresses that endpoints of one-arm services see as clients.
	// DNAT services use them where the client shares the endpoint's network, and
	// would be answered directly (hairpin).
	SNAT []SNAT
	// Gateways are floating addresses that endpoints of DNAT services route
	// through: they are spoken for like a VIP.
	Gateways []netip.Addr
}

// SNAT is an address of the load balancer's in the endpoints' network, and the
// ports of it that are this instance's to give.
type SNAT struct {
	// Addr stands on no interface.
	Addr netip.Addr
	// First and Last are the ports, both included: 1024 to 65535 at most. A
	// connection to one endpoint takes one, so there can be as many to each
	// endpoint as there are ports.
	First, Last uint16
}

package netlab

import "net/netip"

// Family is the addresses of a Site in one address family.
type Family struct {
	// Clients is the network behind the router; Front the one between router and
	// balancer, which the VIPs are in; Back that of the endpoints.
	Clients, Front, Back netip.Prefix
}

// IPv4 are the IPv4 addresses of a Site: documentation ranges (RFC 5737), and a
// private one for the endpoints.
func IPv4() Family {
	return Family{
		Clients: netip.MustParsePrefix("198.51.100.0/24"),
		Front:   netip.MustParsePrefix("203.0.113.0/24"),
		Back:    netip.MustParsePrefix("10.10.0.0/24"),
	}
}

// IPv6 are the IPv6 addresses of a Site (RFC 3849).
func IPv6() Family {
	return Family{
		Clients: netip.MustParsePrefix("2001:db8:c::/64"),
		Front:   netip.MustParsePrefix("2001:db8:f::/64"),
		Back:    netip.MustParsePrefix("2001:db8:e::/64"),
	}
}

// Families are those that a Site has addresses of.
func Families() []Family { return []Family{IPv4(), IPv6()} }

// String is "IPv4" or "IPv6".
func (f Family) String() string {
	if f.Back.Addr().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// The numbers of hosts in their networks. VIPs and endpoints are counted from
// theirs.
const (
	gatewayHost  = 1 // of clients, of the front network, of endpoints
	balancerHost = 2
	clientHost   = 10
	endpointHost = 11
	localHost    = 50
	vipHost      = 80
	snatHost     = 250
)

// Client is the client behind the router.
func (f Family) Client() netip.Addr { return host(f.Clients, clientHost) }

// Neighbour is the client in the front network, beside the router.
func (f Family) Neighbour() netip.Addr { return host(f.Front, clientHost) }

// Local is the client in the endpoints' network.
func (f Family) Local() netip.Addr { return host(f.Back, localHost) }

// ClientRouter is the router in the clients' network, Router in the front one.
func (f Family) ClientRouter() netip.Addr { return host(f.Clients, gatewayHost) }

// Router is the router in the front network.
func (f Family) Router() netip.Addr { return host(f.Front, gatewayHost) }

// BalancerFront is the balancer's own address in the front network.
func (f Family) BalancerFront() netip.Addr { return host(f.Front, balancerHost) }

// BalancerBack is the balancer's own address in the endpoints' network.
func (f Family) BalancerBack() netip.Addr { return host(f.Back, balancerHost) }

// VIP is one of several, counted from 0. It stands on no interface.
func (f Family) VIP(i int) netip.Addr { return host(f.Front, vipHost+i) }

// Gateway is the endpoints' default route. It stands on no interface.
func (f Family) Gateway() netip.Addr { return host(f.Back, gatewayHost) }

// SNAT is an address of the balancer's in the endpoints' network. It stands on no
// interface.
func (f Family) SNAT() netip.Addr { return host(f.Back, snatHost) }

// Endpoint is one of several, counted from 0.
func (f Family) Endpoint(i int) netip.Addr { return host(f.Back, endpointHost+i) }

// host is the address of that number, up to 255, in a network.
func host(network netip.Prefix, number int) netip.Addr {
	bytes := network.Addr().AsSlice()
	bytes[len(bytes)-1] = byte(number)
	a, _ := netip.AddrFromSlice(bytes) // it has the length of one
	return a
}

// in is an address with the length of its network's prefix.
func in(network netip.Prefix, a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, network.Bits()) }

package stand

import (
	"encoding/binary"
	"net/netip"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
)

const (
	port         = 80   // of services
	endpointPort = 8080 // of endpoints
	few          = 4    // endpoints of most services
	snats        = 16   // SNAT addresses: each has 64512 ports to each endpoint
	neighbours   = 250  // addresses of endpoints
)

// family is the plan of addresses of IPv4 or IPv6.
type family struct {
	own, router netip.Addr
	bits        int
	endpoints   netip.Addr // the first of them
	snat        netip.Addr
	client      netip.Addr
	vips, many  netip.Addr
}

func ipv4() family {
	a := netip.MustParseAddr
	return family{
		own: a("10.1.0.1"), router: a("10.1.0.2"), bits: 16, endpoints: a("10.1.1.1"), snat: a("10.1.3.1"),
		client: a("10.64.0.0"), vips: a("192.0.2.1"), many: a("100.64.0.0"),
	}
}

func ipv6() family {
	a := netip.MustParseAddr
	return family{
		own: a("2001:db8:1::1"), router: a("2001:db8:1::2"), bits: 64, endpoints: a("2001:db8:1::1:1"), snat: a("2001:db8:1::3:1"),
		client: a("2001:db8:64::"), vips: a("2001:db8:2::1"), many: a("2001:db8:3::"),
	}
}

func of(v6 bool) family {
	if v6 {
		return ipv6()
	}
	return ipv4()
}

// translated is the state of the VIP that nftables has.
const translated outcome.State = "translated"

// vip is the one whose flows come to be in a state.
func (f family) vip(s outcome.State) netip.Addr {
	for i, known := range []outcome.State{outcome.Stable, outcome.Changing, outcome.Excepted, outcome.Hit, outcome.Miss, translated} {
		if s == known {
			return nth(f.vips, i)
		}
	}
	return f.vips
}

// nth is the n-th address after one.
func nth(a netip.Addr, n int) netip.Addr {
	b := a.AsSlice()
	tail := b[len(b)-4:]
	binary.BigEndian.PutUint32(tail, binary.BigEndian.Uint32(tail)+uint32(n))
	after, _ := netip.AddrFromSlice(b)
	return after
}

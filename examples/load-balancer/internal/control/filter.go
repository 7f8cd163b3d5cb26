package control

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/regent-ha/regent/dataplane"
)

// Filter picks connections. An empty field picks all.
type Filter struct {
	// VIP, Endpoint and Client are an address, an address and a port, or a prefix.
	VIP, Endpoint, Client string
}

// match is one field of a filter.
type match struct {
	prefix netip.Prefix
	port   uint16 // 0 = any
}

func parseMatch(name, text string) (m match, err error) {
	if text == "" {
		return m, nil
	}
	if at, err := netip.ParseAddrPort(text); err == nil && at.Port() != 0 {
		return match{netip.PrefixFrom(at.Addr(), at.Addr().BitLen()), at.Port()}, nil
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return match{prefix: netip.PrefixFrom(a, a.BitLen())}, nil
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return match{prefix: p.Masked()}, nil
	}
	return m, fmt.Errorf("%s %q is no address; mend: such as 192.0.2.1, 192.0.2.1:80, [2001:db8::1]:80 or 192.0.2.0/24", name, text)
}

func (m match) matches(at netip.AddrPort) bool {
	return !m.prefix.IsValid() || m.prefix.Contains(at.Addr()) && (m.port == 0 || m.port == at.Port())
}

// picks makes a function of the filter, or says what is wrong with it.
func (f Filter) picks() (func(dataplane.Flow) bool, error) {
	vip, errVIP := parseMatch("vip", f.VIP)
	endpoint, errEndpoint := parseMatch("endpoint", f.Endpoint)
	client, errClient := parseMatch("client", f.Client)
	return func(flow dataplane.Flow) bool {
		return vip.matches(flow.VIP) && endpoint.matches(flow.Endpoint) && client.matches(flow.Client)
	}, errors.Join(errVIP, errEndpoint, errClient)
}

func (f Filter) query() url.Values {
	return url.Values{"vip": {f.VIP}, "endpoint": {f.Endpoint}, "client": {f.Client}}
}

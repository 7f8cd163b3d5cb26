package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
)

// service is one of the file's: a dataplane.Service for each of its ports.
type service struct {
	dataplane.Service
	value
	name  string
	ports []uint16
	like  probe.Target // how its endpoints are probed; without a Probe: not at all
}

// services reads the list, and finds names that are given twice.
func (v value) services() (all []service) {
	names := make(map[string]value)
	v.list(func(_ int, item value) {
		s := item.service()
		if first, twice := names[s.name]; twice && s.name != "" {
			name, _ := item.child("name")
			name.fault(fmt.Sprintf("is the name of %s (line %d) as well", first.field, first.line), "a name for each service, or none")
		}
		names[s.name] = item
		all = append(all, s)
	})
	return all
}

func (v value) service() service {
	s := service{value: v}
	var endpoints value
	has := v.read(fields{
		"name":        func(v value) { s.name = v.name() },
		"vip":         func(v value) { s.VIP = v.address("an address that clients can connect to, such as 192.0.2.1") },
		"port":        func(v value) { s.ports = append(s.ports, v.port()) },
		"ports":       func(v value) { s.ports = append(s.ports, v.portList()...) },
		"protocol":    func(v value) { s.Protocol = v.protocol() },
		"mode":        func(v value) { s.Mode = v.mode() },
		"idleTimeout": func(v value) { s.IdleTimeout = v.duration() },
		"untracked":   func(v value) { s.Untracked = v.boolean() },
		"endpoints":   func(v value) { endpoints = v },
		"probe":       func(value) {},
	})
	v.need(has, "vip", "the address that clients connect to, such as 192.0.2.1")
	if ports, both := has["ports"]; both && has["port"].node != nil {
		ports.fault("contradicts port", "give one of them")
	} else if !both {
		v.need(has, "port", "the port that clients connect to; or ports, a list of them")
	}
	v.need(has, "protocol", "tcp or udp")
	v.need(has, "endpoints", "a list of where connections go; [] for none")
	if endpoints.node != nil {
		endpoints.list(func(_ int, item value) { s.Endpoints = append(s.Endpoints, item.endpoint()) })
	}
	if p, given := has["probe"]; given {
		s.like = p.probe()
	} else if s.Protocol == dataplane.TCP {
		s.like.Probe = probe.TCP{}
	}
	return s
}

// endpoint has port 0 if the file gives none: the service's.
func (v value) endpoint() dataplane.Endpoint {
	e := dataplane.Endpoint{Weight: 1}
	has := v.read(fields{
		"address": func(v value) { e.Addr = v.address("the address at which the endpoint serves") },
		"port":    func(v value) { e.Port = v.port() },
		"weight":  func(v value) { e.Weight = v.integer(0, dataplane.MaxWeight) },
	})
	v.need(has, "address", "where the endpoint serves, such as 10.0.0.1")
	return e
}

// longestServiceName keeps tables narrow.
const longestServiceName = 63

func (v value) name() string {
	const mend = "up to 63 of a-z, A-Z, 0-9, '.', '-' and '_'"
	name := v.text(mend)
	odd := strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(".-_", c))
	})
	if name != "" && (odd || len(name) > longestServiceName) {
		v.fault("is no name", mend)
	}
	return name
}

func (v value) portList() (all []uint16) {
	seen := make(map[uint16]int)
	v.list(func(i int, item value) {
		first, last, ok := item.ports(1)
		for p := int(first); ok && p <= int(last); p++ {
			port := uint16(p) //nolint:gosec // in bounds
			if other, twice := seen[port]; twice {
				item.fault(fmt.Sprintf("has %d, which is in %s[%d] as well", port, v.field, other), "each port once")
				return
			}
			seen[port] = i
			all = append(all, port)
		}
	})
	if len(v.node.Content) == 0 {
		v.fault("has no ports", "one at least")
	}
	return all
}

func (v value) protocol() dataplane.Protocol {
	switch v.oneOf("tcp", "udp") {
	case "tcp":
		return dataplane.TCP
	case "udp":
		return dataplane.UDP
	}
	return 0
}

func (v value) mode() dataplane.Mode {
	switch v.oneOf("dnat", "one-arm", "0", "1") {
	case "one-arm", "1":
		return dataplane.OneArm
	}
	return dataplane.DNAT
}

// expand makes services of the data plane, one for each port, and lets package
// dataplane judge them.
func (r *reading) expand(root value, c *Config, services []service) {
	if !r.fits(root, c, services) {
		return
	}
	var origins []service
	for _, s := range services {
		for _, port := range s.ports {
			d := s.Service
			d.Port = port
			d.Endpoints = make([]dataplane.Endpoint, len(s.Endpoints))
			for i, e := range s.Endpoints {
				e.Port = cmp.Or(e.Port, port)
				d.Endpoints[i] = e
			}
			c.DataPlane.Services = append(c.DataPlane.Services, d)
			origins = append(origins, s)
			if s.name != "" {
				c.Names[d.String()] = s.name
			}
			if s.like.Probe != nil {
				c.Targets = append(c.Targets, probe.Targets(d, s.like)...)
			}
		}
	}
	if len(r.faults) > mostFaults {
		return // nobody reads on
	}
	root.refused(c.DataPlane.Validate(), func(field string) value { return locate(root, origins, field) })
	for _, s := range services {
		r.judgeProbe(s)
	}
}

// leastRoom is how many endpoints a service takes at least of xdp.Capacity.
const leastRoom = 16

// fits: there are not more services and endpoints than the capacity.
func (r *reading) fits(root value, c *Config, services []service) bool {
	n, endpoints, before := 0, 0, len(r.faults)
	for _, s := range services {
		n += len(s.ports)
		endpoints += len(s.ports) * max(len(s.Endpoints), leastRoom)
	}
	for _, bound := range []struct {
		name    string
		n, most int
		counted string
	}{
		{"services", n, c.Capacity.Services, "services with all ports"},
		{"endpoints", endpoints, c.Capacity.Endpoints, fmt.Sprintf("endpoints with all ports, and %d for each at least", leastRoom)},
	} {
		if bound.n > bound.most {
			list, _ := root.child("services")
			list.add(list.line, list.field, "", fmt.Sprintf("has %d %s, more than capacity.%s (%d)", bound.n, bound.counted, bound.name, bound.most),
				fmt.Sprintf("a higher capacity.%s, or fewer", bound.name))
		}
	}
	return len(r.faults) == before
}

// anyEndpoint stands in for one of the service's, to judge how it is probed.
func (s service) anyEndpoint() netip.AddrPort {
	for _, e := range s.Endpoints {
		if e.Addr.IsValid() && e.Addr.Is4() == s.VIP.Is4() {
			return netip.AddrPortFrom(e.Addr, cmp.Or(e.Port, 1))
		}
	}
	if s.VIP.IsValid() {
		return netip.AddrPortFrom(s.VIP, 1)
	}
	return netip.AddrPort{}
}

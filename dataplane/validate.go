package dataplane

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// FieldError is a setting that is refused. Validate joins all that it finds.
type FieldError struct {
	// Field and Value say what was set.
	Field string
	Value any
	// Bound is what it violates, Mend what to set instead.
	Bound, Mend string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("dataplane: %s %v %s; mend: %s", e.Field, e.Value, e.Bound, e.Mend)
}

// Validate joins all that is wrong with c, each a *FieldError.
func (c Config) Validate() error {
	var faults []error
	seen := make(map[string]int)
	for i, s := range c.Services {
		field := fmt.Sprintf("Services[%d]", i)
		faults = append(faults, s.validate(field)...)
		if first, twice := seen[s.String()]; twice {
			faults = append(faults, &FieldError{
				Field: field, Value: s, Bound: fmt.Sprintf("is the address of Services[%d] as well", first), Mend: "one service for each address, port and protocol",
			})
		} else {
			seen[s.String()] = i
		}
	}
	faults = append(faults, c.validateAddresses()...)
	return errors.Join(faults...)
}

// validateAddresses looks at SNAT and Gateways, and at who needs them.
func (c Config) validateAddresses() (faults []error) {
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	vips := make(map[netip.Addr]bool)
	for _, s := range c.Services {
		vips[s.VIP] = true
	}
	for i, s := range c.SNAT {
		field := fmt.Sprintf("SNAT[%d]", i)
		if bound := addressFault(s.Addr); bound != "" {
			fault(field+".Addr", s.Addr, bound, "a free address in the endpoints' network")
		} else if vips[s.Addr] {
			fault(field+".Addr", s.Addr, "is a VIP as well", "an address of its own")
		}
		if s.First < 1024 || s.Last < s.First {
			fault(field, fmt.Sprintf("%d to %d", s.First, s.Last), "is no range of ports from 1024", "First and Last, such as 1024 and 65535")
		}
		for j, o := range c.SNAT[:i] {
			if o.Addr == s.Addr && s.First <= o.Last && o.First <= s.Last {
				fault(field, fmt.Sprintf("%d to %d", s.First, s.Last), fmt.Sprintf("overlaps SNAT[%d] of the same address", j), "ranges that do not share a port")
			}
		}
	}
	for i, a := range c.Gateways {
		if bound := addressFault(a); bound != "" {
			fault(fmt.Sprintf("Gateways[%d]", i), a, bound, "the address that endpoints have as their gateway")
		}
	}
	for i, s := range c.Services {
		if s.Mode == OneArm && !slices.ContainsFunc(c.SNAT, func(n SNAT) bool { return n.Addr.Is4() == s.VIP.Is4() }) {
			fault(fmt.Sprintf("Services[%d].Mode", i), s.Mode, "needs an address in SNAT of the VIP's family", "add one, or use DNAT")
		}
	}
	return faults
}

func (s Service) validate(field string) (faults []error) {
	fault := func(name string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field + "." + name, Value: value, Bound: bound, Mend: mend})
	}
	if bound := addressFault(s.VIP); bound != "" {
		fault("VIP", s.VIP, bound, "an address that clients can connect to, such as 192.0.2.1")
	}
	if s.Port == 0 {
		fault("Port", 0, "is none", "from 1 to 65535")
	}
	if s.Protocol != TCP && s.Protocol != UDP {
		fault("Protocol", s.Protocol, "is not known", "TCP or UDP")
	}
	if s.Mode != DNAT && s.Mode != OneArm {
		fault("Mode", s.Mode, "is not known", "DNAT (0) or one-arm (1)")
	}
	if d := s.IdleTimeout; d != 0 && (d < time.Second || d > 24*time.Hour) {
		fault("IdleTimeout", d, "is not from 1s to 24h", "0 for the default, or a time between")
	}
	if s.Untracked && (s.Protocol != UDP || s.Mode != DNAT) {
		fault("Untracked", true, "is for UDP services in DNAT mode", "leave it out")
	}
	if n := len(s.Endpoints); n > MaxEndpoints {
		fault("Endpoints", n, fmt.Sprintf("are more than %d", MaxEndpoints), "spread them over several services")
	}
	seen := make(map[string]int)
	for i, e := range s.Endpoints {
		name := fmt.Sprintf("Endpoints[%d]", i)
		if bound := addressFault(e.Addr); bound != "" {
			fault(name+".Addr", e.Addr, bound, "the address at which it serves")
		} else if s.VIP.IsValid() && e.Addr.Is4() != s.VIP.Is4() {
			fault(name+".Addr", e.Addr, fmt.Sprintf("is of another address family than the VIP %v", s.VIP), "a service for each family")
		}
		if e.Port == 0 {
			fault(name+".Port", 0, "is none", "from 1 to 65535")
		}
		if e.Weight < 0 || e.Weight > MaxWeight {
			fault(name+".Weight", e.Weight, fmt.Sprintf("is not from 0 to %d", MaxWeight), "its share beside the others' weights, 0 to drain it")
		}
		if first, twice := seen[e.String()]; twice {
			fault(name, e, fmt.Sprintf("is Endpoints[%d] as well", first), "leave one of them out")
		} else {
			seen[e.String()] = i
		}
	}
	return faults
}

// addressFault says why a host cannot have the address; "" = it can.
func addressFault(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "is no address"
	case a.Is4In6():
		return "is an IPv4 address in IPv6 form"
	case a.Zone() != "":
		return "has a zone"
	case a.IsUnspecified(), a.IsMulticast(), a.IsLoopback(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "is no host's address"
	}
	return ""
}

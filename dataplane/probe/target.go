package probe

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// What the zero values of Target stand for: one that died is noticed within
// 2.8 s.
const (
	DefaultInterval = time.Second
	DefaultRise     = 2
	DefaultFall     = 2
)

// Target is what is checked again and again.
type Target struct {
	// Group and Endpoint tell it from others. The group is what all-down is told
	// of, such as the service "192.0.2.1:80/TCP". Required: the Endpoint's
	// address and port.
	Group    string
	Endpoint netip.AddrPort
	// Probe is how it is checked. Required.
	Probe Probe
	// Port is where it is checked. 0 = the Endpoint's.
	Port uint16
	// Source and Interface are those of [Destination].
	Source    netip.Addr
	Interface string

	// Interval is how long after the beginning of a check the next one begins;
	// up to a twentieth of it is left out at random, so that checks do not fall
	// into step. 0 = 1 s. From 100 ms to 1 h.
	Interval time.Duration
	// Timeout is how long a check may take. 0 = 4/5 of Interval. From 10 ms to
	// 9/10 of Interval, so that a check is over before the next one.
	Timeout time.Duration
	// Rise and Fall are how many checks in a row have to be good, or bad, for a
	// target that is down to be up, or the reverse. For one that is unknown the
	// first good check is enough. 0 = 2. From 1 to 100.
	Rise, Fall int
}

// Notice is how long after its death a target is down at the latest: if it died
// just after a good check began, and does not even refuse, Fall intervals later
// the last of Fall checks begins, and ends with its timeout:
//
//	Interval × Fall + Timeout
//
// It holds while no check is late, see [Config.Concurrency]. A target that
// refuses is noticed a Timeout earlier.
func (t Target) Notice() time.Duration {
	t = t.withDefaults()
	return t.Interval*time.Duration(t.Fall) + t.Timeout
}

func (t Target) withDefaults() Target {
	t.Interval = cmp.Or(t.Interval, DefaultInterval)
	t.Timeout = cmp.Or(t.Timeout, t.Interval*4/5)
	t.Rise, t.Fall = cmp.Or(t.Rise, DefaultRise), cmp.Or(t.Fall, DefaultFall)
	return t
}

func (t Target) destination() Destination {
	return Destination{Addr: netip.AddrPortFrom(t.Endpoint.Addr(), cmp.Or(t.Port, t.Endpoint.Port())), Source: t.Source, Interface: t.Interface}
}

// validate finds all that is wrong with t, which has its defaults.
func (t Target) validate(field string, within time.Duration) (faults []error) {
	fault := func(name string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field + "." + name, Value: value, Bound: bound, Mend: mend})
	}
	if bound := addressFault(t.Endpoint.Addr()); bound != "" {
		fault("Endpoint", t.Endpoint, bound, "the address at which it serves")
	}
	if t.Endpoint.Port() == 0 {
		fault("Endpoint", t.Endpoint, "has no port", "from 1 to 65535")
	}
	if t.Source.IsValid() {
		if bound := addressFault(t.Source); bound != "" {
			fault("Source", t.Source, bound, "an address of this host")
		} else if t.Source.Is4() != t.Endpoint.Addr().Is4() {
			fault("Source", t.Source, fmt.Sprintf("is of another address family than the endpoint %v", t.Endpoint), "an address of this host of the endpoint's family")
		}
	}
	if t.Probe == nil {
		fault("Probe", nil, "is missing", "TCP{}, UDP{}, HTTP{} or ICMP{}")
	} else {
		faults = append(faults, prefixed(field+".Probe.", t.Probe.Validate())...)
	}
	return append(faults, t.validateTimes(field, within)...)
}

func (t Target) validateTimes(field string, within time.Duration) (faults []error) {
	fault := func(name string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field + "." + name, Value: value, Bound: bound, Mend: mend})
	}
	if t.Interval < 100*time.Millisecond || t.Interval > time.Hour {
		fault("Interval", t.Interval, "is not from 100ms to 1h", "0 for 1s, or a time between")
	} else if longest := t.Interval * 9 / 10; t.Timeout < 10*time.Millisecond || t.Timeout > longest {
		fault("Timeout", t.Timeout, fmt.Sprintf("is not from 10ms to 9/10 of Interval (%v)", longest), "0 for 4/5 of Interval, or a longer Interval")
	}
	for name, n := range map[string]int{"Rise": t.Rise, "Fall": t.Fall} {
		if n < 1 || n > 100 {
			fault(name, n, "is not from 1 to 100", "0 for 2, or a number of checks between")
		}
	}
	if len(faults) == 0 && t.Notice() > within {
		fault("Fall", t.Fall, fmt.Sprintf("× Interval (%v) + Timeout (%v) is %v, longer than NoticeWithin (%v)", t.Interval, t.Timeout, t.Notice(), within),
			"make Interval or Fall smaller, or NoticeWithin longer")
	}
	return faults
}

// addressFault says why a target cannot have the address; "" = it can.
func addressFault(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "has no address"
	case a.Is4In6():
		return "is an IPv4 address in IPv6 form"
	case a.Zone() != "":
		return "has a zone"
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "is no host's address"
	}
	return ""
}

// prefixed puts the place of a probe before the fields that it complains of.
func prefixed(place string, err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		if err == nil {
			return nil
		}
		joined = only{err}
	}
	faults := slices.Clone(joined.Unwrap())
	for i, fault := range faults {
		var f *FieldError
		if errors.As(fault, &f) {
			moved := *f
			moved.Field = place + f.Field
			faults[i] = &moved
		}
	}
	return faults
}

type only struct{ error }

func (o only) Unwrap() []error { return []error{o.error} }

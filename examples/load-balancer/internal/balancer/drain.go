package balancer

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

// drain is an endpoint that gets no new connections, as somebody wants it so.
type drain struct {
	since time.Time
	// weights are what the file said when that began, by service.
	weights map[string]int
}

// UnknownEndpointError is an endpoint that is not there.
type UnknownEndpointError struct {
	// Endpoint is what was asked for, Missing what it is not.
	Endpoint, Missing string
	// Near are names that are similar.
	Near []string
}

func (e *UnknownEndpointError) Error() string {
	mend := `one of those that "load-balancer services" lists`
	if len(e.Near) > 0 {
		mend = "perhaps " + strings.Join(e.Near, " or ")
	}
	return fmt.Sprintf("%q %s; mend: %s", e.Endpoint, e.Missing, mend)
}

// Drain gives endpoints no new connections, in all services: "10.0.0.1:80", or
// "10.0.0.1" for all its ports. It returns those that it found, or an
// *UnknownEndpointError.
func (b *Balancer) Drain(endpoint string) ([]netip.AddrPort, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := weights(b.latest())
	found, err := find(endpoint, slices.Collect(maps.Keys(all)), "is no endpoint of any service")
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if b.drains[e] == nil {
			b.drains[e] = &drain{since: time.Now(), weights: all[e]}
			b.logger.Info("drained", "endpoint", e.String())
		}
	}
	b.kick()
	return found, nil
}

// Undrain ends what Drain began.
func (b *Balancer) Undrain(endpoint string) ([]netip.AddrPort, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, err := find(endpoint, slices.Collect(maps.Keys(b.drains)), "is not drained")
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		delete(b.drains, e)
		b.logger.Info("no longer drained", "endpoint", e.String())
	}
	b.kick()
	return found, nil
}

// find are the endpoints that are meant.
func find(endpoint string, all []netip.AddrPort, missing string) (found []netip.AddrPort, err error) {
	whole, notWhole := netip.ParseAddrPort(endpoint)
	address, _ := netip.ParseAddr(strings.Trim(endpoint, "[]"))
	var names []string
	for _, e := range all {
		names = append(names, e.String())
		if notWhole == nil && e == whole || notWhole != nil && e.Addr() == address {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return nil, &UnknownEndpointError{Endpoint: endpoint, Missing: missing, Near: config.Nearest(endpoint, names)}
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return found, nil
}

// latest is what the file said last. b.mu is held.
func (b *Balancer) latest() *config.Config {
	if b.next != nil {
		return b.next
	}
	return b.current
}

// weights are the file's, by endpoint and service.
func weights(cfg *config.Config) map[netip.AddrPort]map[string]int {
	all := make(map[netip.AddrPort]map[string]int)
	for _, s := range cfg.DataPlane.Services {
		for _, e := range s.Endpoints {
			k := netip.AddrPortFrom(e.Addr, e.Port)
			if all[k] == nil {
				all[k] = make(map[string]int)
			}
			all[k][s.String()] = e.Weight
		}
	}
	return all
}

// reviewDrains ends those of endpoints that the file no longer names, or to which
// it now gives another weight. b.mu is held.
func (b *Balancer) reviewDrains() {
	if len(b.drains) == 0 {
		return
	}
	all := weights(b.current)
	for e, d := range b.drains {
		now, named := all[e]
		ended := !named
		for service, weight := range now {
			if before, ok := d.weights[service]; ok && before != weight {
				ended = true
			}
		}
		if ended {
			delete(b.drains, e)
			b.logger.Info("no longer drained, as the file says otherwise", "endpoint", e.String(), "named", named)
			continue
		}
		d.weights = now
	}
}

// markDrained gives drained endpoints of a service of its own the weight 0. b.mu
// is held.
func (b *Balancer) markDrained(s dataplane.Service) {
	for i, e := range s.Endpoints {
		if b.drains[netip.AddrPortFrom(e.Addr, e.Port)] != nil {
			s.Endpoints[i].Weight = 0
		}
	}
}

package probe

import (
	"net/netip"
	"slices"

	"github.com/regent-ha/regent/dataplane"
)

// Targets are a service's endpoints, each checked like the Target given, in a
// group of the service's name.
func Targets(s dataplane.Service, like Target) []Target {
	all := make([]Target, 0, len(s.Endpoints))
	for _, e := range s.Endpoints {
		like.Group, like.Endpoint = s.String(), netip.AddrPortFrom(e.Addr, e.Port)
		all = append(all, like)
	}
	return all
}

// Mark is s with those endpoints Down that do not serve. One that is no target
// stays as it is.
func (p *Prober) Mark(s dataplane.Service) dataplane.Service {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Endpoints = slices.Clone(s.Endpoints)
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		if w := p.watches[key{s.String(), netip.AddrPortFrom(e.Addr, e.Port)}]; w != nil && !p.serves(w) {
			e.Down = true
		}
	}
	return s
}

package xdp

import (
	"net/netip"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// Begin is Apply without waiting for what is prepared.
func (f *Forwarder) Begin(cfg dataplane.Config) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.apply(cfg)
}

// Counts are packets by reason, those that were not dropped as well.
func (f *Forwarder) Counts() (map[string]uint64, error) {
	counts := make(map[string]uint64)
	for reason, name := range reasons() {
		var each []uint64
		if err := f.objects.Reasons.Lookup(uint32(reason), &each); err != nil {
			return nil, err
		}
		for _, n := range each {
			counts[name] += n
		}
	}
	return counts, nil
}

// Hash is the number by which a client's row is picked.
func Hash(seed uint64, s dataplane.Service, client netip.AddrPort) uint32 {
	if w := words(client.Addr()); client.Addr().Is4() {
		return hash4(w[0], networkOrder(client.Port()), salt(seed, s))
	}
	return hash6(words(client.Addr()), networkOrder(client.Port()), salt(seed, s))
}

// Look says which endpoints a service's row has for a hash, in the old table if
// it says so, and the row's state.
func (f *Forwarder) Look(s dataplane.Service, hash uint32) (now, before netip.AddrPort, state window.State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.known[keyOf(s)]
	at := func(t *table) window.Word { return t.Word(int(uint64(hash) * uint64(t.Rows()) >> 32)) }
	w := at(one.table)
	n, b := w.Now(), w.Before()
	if n == window.OldTable {
		n = at(one.old).Now()
	}
	if b == window.OldTable {
		b = at(one.old).Before()
	}
	return one.at(n), one.at(b), w.State()
}

// at is where an endpoint is; nowhere if there is none.
func (s *service) at(i window.Index) netip.AddrPort {
	if i == window.None {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.places[i].Addr, s.places[i].Port)
}

// Tag lets all frames to a service's endpoints, or by an interface, have a VLAN's
// tag, as if they left by that VLAN's interface.
func (f *Forwarder) Tag(s dataplane.Service, device uint32, vlan uint16) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.known[keyOf(s)]
	for i, p := range one.places {
		if p.hop.ifindex != 0 {
			h := p.hop
			h.vlan = vlan
			f.direct(one, window.Index(i), h)
		}
	}
	var port balancePort
	if err := f.objects.Ports.Lookup(device, &port); err != nil {
		return err
	}
	port.Vlan = networkOrder(vlan)
	return f.objects.Ports.Put(device, port)
}

package model

// backOf is what the endpoint's packets to a flow have in their headers.
func (b *Balancer) backOf(f Flow, e entry) back {
	s := b.services[f.Service]
	k := back{from: s.place(e.endpoint), udp: s.UDP, port: e.port}
	if e.port == 0 {
		k.client = f.Client
	}
	return k
}

// claim makes the return entry of a new flow, by which its replies are known and
// no other flow's are the same.
func (b *Balancer) claim(f Flow, e *entry, snats bool) Reason {
	s := b.services[f.Service]
	if !snats {
		if !s.shares {
			return "" // the place says which service it is
		}
		if k := b.backOf(f, *e); b.isFree(k, f) {
			b.returns[k] = held{flow: f, young: true}
			return ""
		} // the client's port is in use there, by way of another service
	}
	var free []Port
	for port := range Port(b.setup.Ports) {
		if b.isFree(back{from: s.place(e.endpoint), udp: s.UDP, port: port + 1}, f) {
			free = append(free, port+1)
		}
	}
	switch e.port = b.setup.Take(f, free); {
	case e.port != 0:
		b.returns[b.backOf(f, *e)] = held{flow: f, young: true}
		return ""
	case s.OneArm:
		return NoPort
	case snats:
		return Hairpin
	}
	return Collision
}

// forget ends a flow, and gives up its port.
func (b *Balancer) forget(f Flow) {
	if e, known := b.flows.known[f]; known {
		if k := b.backOf(f, e); b.returns[k].flow == f {
			delete(b.returns, k)
		}
		delete(b.flows.known, f)
	}
}

// isFree reports whether a flow can have the return entry.
func (b *Balancer) isFree(k back, f Flow) bool {
	h, taken := b.returns[k]
	return !taken || h.flow == f
}

// holds reports whether a return entry is a flow's.
func (b *Balancer) holds(f Flow, k back) bool {
	e, known := b.flows.known[f]
	return known && b.backOf(f, e) == k
}

// EvictFlow forgets a flow, and EvictReturn the return entry of one, if it is
// young.
func (b *Balancer) EvictFlow(f Flow) { b.flows.evict(f) }

// EvictReturn forgets the return entry of a flow that is young.
func (b *Balancer) EvictReturn(f Flow) {
	if e, known := b.flows.known[f]; known {
		if k := b.backOf(f, e); b.returns[k].flow == f && b.returns[k].young {
			delete(b.returns, k)
		}
	}
}

// EvictException forgets an exception that is young.
func (b *Balancer) EvictException(f Flow) { b.exceptions.evict(f) }

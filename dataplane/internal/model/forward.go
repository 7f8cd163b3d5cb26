package model

// Forward decides about a client's packet to a service.
func (b *Balancer) Forward(f Flow, p Packet) Verdict {
	s := b.services[f.Service]
	at := b.where(f)
	begins := p.SYN || s.UDP
	to := at.before
	if begins {
		to = at.now
	}
	var v Verdict
	switch {
	case s.tracks(), b.isHairpin(f, p, to):
		v = b.track(f, p, to)
	case s.Untracked:
		v.To = to
	default:
		var crowded bool
		if v.To, crowded = b.exceptions.except(f, p, at, s.health, s.cfg); crowded {
			b.crowd()
		}
	}
	if v.To == None && v.Drop == "" {
		v.Drop = NoEndpoint
	}
	if v.Drop == "" && v.Port == 0 && begins { // its client's port has no direct connection any more
		delete(b.directs, back{from: s.place(v.To), udp: s.UDP, client: f.Client})
	}
	return v
}

// isHairpin reports whether a connection is remembered for its client would be
// answered directly, or would be if it began now. to is where it went then.
func (b *Balancer) isHairpin(f Flow, p Packet, to Endpoint) bool {
	s := b.services[f.Service]
	if _, known := b.flows.known[f]; known && !s.Untracked {
		return true
	}
	if e, known := b.exceptions.known[f]; known && !(p.SYN && s.isOver(e)) {
		return false // it began when another endpoint, no neighbour, was the row's
	}
	return to != None && b.setup.IsNeighbour(f.Client, s.place(to))
}

// track decides about a packet of a connection that is remembered in any case.
// to is where it goes if it is not.
func (b *Balancer) track(f Flow, p Packet, to Endpoint) Verdict {
	s := b.services[f.Service]
	begins := p.SYN || s.UDP
	e, known := b.flows.known[f]
	if known && e.young && (e.port != 0 || s.shares) {
		if k := b.backOf(f, e); b.isFree(k, f) {
			b.returns[k] = held{flow: f, young: true}
		} else {
			known = false // its return entry was evicted, and is another's now
		}
	}
	if known && !(begins && s.isOver(e)) && !(s.Untracked && e.endpoint != to) {
		e.clientSent(p)
		if b.flows.grows(e, p) {
			e.young = false
			if k := b.backOf(f, e); e.port != 0 || s.shares {
				b.returns[k] = held{flow: f}
			}
		}
		b.flows.store(f, e, s.cfg)
		return Verdict{To: e.endpoint, Port: e.port}
	}
	b.forget(f)
	delete(b.exceptions.known, f)
	if to == None || begins && s.down[to] {
		return Verdict{Drop: NoEndpoint}
	}
	e = entry{endpoint: to, embryonic: begins, young: true, clientEnds: p.FIN}
	snats := s.OneArm || b.setup.IsNeighbour(f.Client, s.place(to))
	if snats && !begins {
		return Verdict{Drop: NoFlow} // its port is not known any more
	}
	if why := b.claim(f, &e, snats); why != "" {
		return Verdict{Drop: why}
	}
	b.flows.store(f, e, s.cfg)
	return Verdict{To: to, Port: e.port}
}

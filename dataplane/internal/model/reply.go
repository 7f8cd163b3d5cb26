package model

// find is the endpoint of a connection, and its entry among x, if it has one
// there. It changes nothing.
func (b *Balancer) find(f Flow) (to Endpoint, e entry, x *entries) {
	s := b.services[f.Service]
	if e, known := b.flows.known[f]; known && !(s.Untracked && e.endpoint != b.where(f).now) {
		return e.endpoint, e, &b.flows
	}
	if s.tracks() && (s.OneArm || s.UDP) {
		return None, entry{}, nil
	}
	if e, known := b.exceptions.known[f]; known && !s.tracks() {
		return e.endpoint, e, &b.exceptions
	}
	return b.where(f).before, entry{}, nil
}

// Returns reports whether a return entry says which connection a packet is of,
// that a place sends to a client's own address.
func (b *Balancer) Returns(from Place, udp bool, to Client) bool {
	_, known := b.returns[back{from: from, udp: udp, client: to}]
	return known
}

// Reply decides about a packet from a place to a client's own address.
func (b *Balancer) Reply(from Place, udp bool, to Client, p Packet) Verdict {
	k := back{from: from, udp: udp, client: to}
	of, ok := b.serviceAt(k)
	if !ok {
		return Verdict{}
	}
	f, s := Flow{Client: to, Service: of}, b.services[of]
	endpoint, e, x := b.find(f)
	if endpoint == None || e.port != 0 || s.place(endpoint) != from || b.directs[k] && x == nil {
		return Verdict{}
	}
	if x != nil {
		x.answer(f, p, s.cfg)
	}
	return Verdict{Answers: &f}
}

// serviceAt is the service that a place answers for: if several are there, the
// one whose the client is known to be.
func (b *Balancer) serviceAt(k back) (of int, ok bool) {
	if h, known := b.returns[k]; known {
		return h.flow.Service, true
	}
	for i, s := range b.services {
		for _, p := range s.Endpoints {
			if p == k.from && s.UDP == k.udp && !s.OneArm {
				return i, true
			}
		}
	}
	return 0, false
}

// ReplyToPort decides about a packet from a place to a port of the balancer's.
func (b *Balancer) ReplyToPort(from Place, udp bool, to Port, p Packet) Verdict {
	k := back{from: from, udp: udp, port: to}
	h, known := b.returns[k]
	if !known || !b.holds(h.flow, k) {
		return Verdict{Drop: NoFlow}
	}
	b.flows.answer(h.flow, p, b.services[h.flow.Service].cfg)
	return Verdict{Answers: &h.flow}
}

// Direct takes in a packet that a client sends to a place by its own address. It
// is left to the host.
func (b *Balancer) Direct(from Client, to Place, udp bool) Verdict {
	k := back{from: to, udp: udp, client: from}
	if _, ok := b.serviceAt(k); ok {
		b.directs[k] = true
	}
	return Verdict{}
}

// Error decides about an ICMP error that a client, or a router on the way to it,
// sends about a packet of a connection: it goes where the connection does.
func (b *Balancer) Error(f Flow) Verdict {
	to, e, _ := b.find(f)
	if to == None {
		return Verdict{Drop: NoFlow}
	}
	return Verdict{To: to, Port: e.port}
}

// ErrorAtPort decides about one about a packet to a place from a port of the
// balancer's.
func (b *Balancer) ErrorAtPort(at Place, udp bool, from Port) Verdict {
	k := back{from: at, udp: udp, port: from}
	h, known := b.returns[k]
	if !known || !b.holds(h.flow, k) {
		return Verdict{Drop: NoFlow}
	}
	return Verdict{Answers: &h.flow}
}

// ErrorAbout decides about one about a packet to a place from a client's own
// address.
func (b *Balancer) ErrorAbout(at Place, udp bool, from Client) Verdict {
	k := back{from: at, udp: udp, client: from}
	of, ok := b.serviceAt(k)
	if !ok {
		return Verdict{}
	}
	f := Flow{Client: from, Service: of}
	to, e, x := b.find(f)
	if to == None || e.port != 0 || b.services[of].place(to) != at || b.directs[k] && x == nil {
		return Verdict{}
	}
	return Verdict{Answers: &f}
}

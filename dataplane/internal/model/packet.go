package model

// Packet is what of a packet's header matters.
type Packet struct {
	SYN, FIN, RST bool
}

// Forward returns where a client's packet goes.
func (r *Row) Forward(f Flow, p Packet) Endpoint {
	e, known := r.entries[f]
	switch {
	case known && !(p.SYN && r.isOver(e)):
		if p.SYN { // who begins anew has not ended
			e.clientEnds, e.endpointEnds = false, false
		}
		e.embryonic = e.embryonic && (p.SYN || p.RST)
		e.clientEnds = e.clientEnds || p.FIN
		r.store(f, e)
		return e.endpoint
	case known:
		delete(r.entries, f)
	}
	to := r.Before()
	if p.SYN {
		to = r.now
		if r.down[to] {
			return None
		}
	}
	switch {
	case to == None:
	case len(r.open) == 0:
	case p.RST: // the last packet needs no entry
	case len(r.entries) < r.cfg.Room:
		r.store(f, entry{endpoint: to, embryonic: p.SYN, clientEnds: p.FIN})
	case p.SYN:
		return None
	default:
		r.extend()
	}
	return to
}

// isOver reports whether a SYN on an entry begins another connection.
func (r *Row) isOver(e entry) bool {
	return e.closing() || r.down[e.endpoint] || r.drains[e.endpoint] && e.embryonic
}

// Reply takes in an endpoint's packet to a client.
func (r *Row) Reply(f Flow, from Endpoint, p Packet) {
	e, known := r.entries[f]
	if !known || e.endpoint != from {
		return
	}
	if p.RST && !e.confirmed {
		delete(r.entries, f)
		return
	}
	e.confirmed, e.embryonic = true, false
	e.endpointEnds = e.endpointEnds || p.FIN
	e.reset = p.RST
	r.store(f, e)
}

// store stores an entry to which a packet belongs.
func (r *Row) store(f Flow, e entry) {
	switch {
	case e.closing():
		e.left = r.cfg.Closing
	case e.embryonic:
		e.left = r.cfg.Embryonic
	default:
		e.left = r.cfg.Idle
	}
	r.entries[f] = e
}

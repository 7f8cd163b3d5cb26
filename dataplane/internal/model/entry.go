package model

import "maps"

// entry is a connection that is remembered.
type entry struct {
	endpoint                 Endpoint
	port                     Port // takes the place of the client's address; 0: nothing does
	embryonic                bool // nothing but SYNs was seen of it
	confirmed                bool // by an answer
	clientEnds, endpointEnds bool // have sent a FIN
	reset                    bool // by the endpoint
	young                    bool // can be evicted
	left                     int  // ticks until it is forgotten
}

// closing: both have ended it, or the endpoint has. A RST that comes from the
// client's side proves nothing: anybody can send one.
func (e entry) closing() bool { return e.clientEnds && e.endpointEnds || e.reset }

// clientSent takes in a client's packet.
func (e *entry) clientSent(p Packet) {
	if p.SYN { // who begins anew has not ended
		e.clientEnds, e.endpointEnds = false, false
	}
	e.embryonic = e.embryonic && (p.SYN || p.RST)
	e.clientEnds = e.clientEnds || p.FIN
}

// lasts is how long the entry is remembered from now on.
func (e entry) lasts(cfg Config) int {
	switch {
	case e.closing():
		return cfg.Closing
	case e.embryonic && !cfg.UDP:
		return cfg.Embryonic
	}
	return cfg.Idle
}

// entries are the connections that are remembered. Young ones have room enough,
// and take each other's place; room is for the others.
type entries struct {
	known map[Flow]entry
	room  int
}

func newEntries(room int) entries { return entries{known: map[Flow]entry{}, room: room} }

func (x *entries) store(f Flow, e entry, cfg Config) {
	e.left = e.lasts(cfg)
	x.known[f] = e
}

// hasRoom for one more that is not young.
func (x *entries) hasRoom() bool {
	n := 0
	for _, e := range x.known {
		if !e.young {
			n++
		}
	}
	return n < x.room
}

// grows reports whether a client's packet on an entry makes it one that is not
// young any more.
func (x *entries) grows(e entry, p Packet) bool {
	return e.young && e.confirmed && !p.SYN && !p.RST && x.hasRoom()
}

// answer takes in an endpoint's packet.
func (x *entries) answer(f Flow, p Packet, cfg Config) {
	e := x.known[f]
	if p.RST && !e.confirmed {
		delete(x.known, f)
		return
	}
	e.confirmed, e.embryonic = true, false
	e.endpointEnds = e.endpointEnds || p.FIN
	e.reset = p.RST
	x.store(f, e, cfg)
}

func (x *entries) tick() {
	for f, e := range x.known {
		if e.left--; e.left < 0 {
			delete(x.known, f)
		} else {
			x.known[f] = e
		}
	}
}

// evict forgets a young entry, to which that can happen at any time.
func (x *entries) evict(f Flow) {
	if x.known[f].young {
		delete(x.known, f)
	}
}

func (x *entries) clone() entries { return entries{known: maps.Clone(x.known), room: x.room} }

// health says which endpoints get no new connection.
type health struct{ down, drains map[Endpoint]bool }

func newHealth() health { return health{down: map[Endpoint]bool{}, drains: map[Endpoint]bool{}} }

// isOver reports whether a SYN on an entry begins another connection.
func (h health) isOver(e entry) bool {
	return e.closing() || h.down[e.endpoint] || h.drains[e.endpoint] && e.embryonic
}

func (h health) clone() health { return health{maps.Clone(h.down), maps.Clone(h.drains)} }

// where is what a row says of a connection that has no entry.
type where struct {
	now, before Endpoint // of a new one, of another
	changing    bool     // a window is open
}

// except returns where a client's packet goes by R1 to R8. It reports whether
// windows have to stay open for want of room.
func (x *entries) except(f Flow, p Packet, at where, h health, cfg Config) (to Endpoint, crowded bool) {
	e, known := x.known[f]
	if known && !(p.SYN && h.isOver(e)) {
		e.clientSent(p)
		e.young = e.young && !x.grows(e, p)
		x.store(f, e, cfg)
		return e.endpoint, false
	}
	delete(x.known, f)
	to = at.before
	if p.SYN {
		to = at.now
	}
	switch {
	case to == None, p.SYN && h.down[to]:
		return None, false
	case !at.changing:
	case p.RST: // the last packet needs no entry
	case p.SYN, x.hasRoom():
		x.store(f, entry{endpoint: to, embryonic: p.SYN, young: p.SYN, clientEnds: p.FIN}, cfg)
	default:
		return to, true
	}
	return to, false
}

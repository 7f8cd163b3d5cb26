package model

import "slices"

// Endpoint is the number of an endpoint; None is none.
type Endpoint uint8

// None is no endpoint: the packet is dropped.
const None Endpoint = 0

// Flow is a 5-tuple.
type Flow uint8

// Config has the times, in ticks, and how much room there is.
type Config struct {
	// Idle is how long a connection may be silent, and a window stays open.
	Idle int
	// Prepare is how long a planned change is prepared: a client's wait before
	// it repeats its SYN.
	Prepare int
	// Embryonic is how long an entry lives of which nothing but SYNs was seen: at
	// least Prepare, so that it is there for the second one. Closing is how long
	// it lives once it is closing.
	Embryonic, Closing int
	// Room is how many entries there can be.
	Room int
}

// Row is one row of a table. The zero value is not usable; see New.
type Row struct {
	cfg     Config
	now     Endpoint // of new connections
	open    []change // committed or prepared, the oldest first
	entries map[Flow]entry
	down    map[Endpoint]bool
	drains  map[Endpoint]bool

	prepared bool     // the newest change is, and not committed
	next     Endpoint // once it is
	prepare  int      // ticks until then
}

// change is a window.
type change struct {
	old  Endpoint
	left int // ticks until it closes
}

// entry is a connection that is remembered.
type entry struct {
	endpoint                 Endpoint
	embryonic                bool // nothing but SYNs was seen of it
	confirmed                bool // by an answer
	clientEnds, endpointEnds bool // have sent a FIN
	reset                    bool // by the endpoint
	left                     int
}

// closing: both have ended it, or the endpoint has. A RST that comes from the
// client's side proves nothing: anybody can send one.
func (e entry) closing() bool { return e.clientEnds && e.endpointEnds || e.reset }

// New returns a stable row.
func New(cfg Config, e Endpoint) *Row {
	return &Row{cfg: cfg, now: e, entries: map[Flow]entry{}, down: map[Endpoint]bool{}, drains: map[Endpoint]bool{}}
}

// State is stable, changing or excepted.
type State string

// The states of a row.
const (
	Stable   State = "stable"
	Changing State = "changing"
	Excepted State = "excepted"
)

// Now is the endpoint of new connections, Before that of connections that have no
// entry though they are not new.
func (r *Row) Now() Endpoint { return r.now }

// Before is the endpoint that the oldest open change took the row from.
func (r *Row) Before() Endpoint {
	if len(r.open) > 0 {
		return r.open[0].old
	}
	return r.now
}

// State says which rules hold for the row.
func (r *Row) State() State {
	switch {
	case len(r.open) > 0:
		return Changing
	case len(r.entries) > 0:
		return Excepted
	}
	return Stable
}

// Change gives the row another endpoint for new connections, once that is
// prepared; if the present one is down, at once. A change that comes while
// another is prepared takes its place: nobody has gone there yet. Where nobody
// can be, no window is needed.
func (r *Row) Change(to Endpoint) {
	switch {
	case !r.prepared && to == r.now:
		return
	case !r.prepared && r.now == None:
		r.now = to
		r.settle()
		return
	case !r.prepared:
		r.open = append(r.open, change{old: r.now, left: r.cfg.Idle})
		r.prepared, r.prepare = true, r.cfg.Prepare
	case to == r.now: // it stays after all
		r.open = r.open[:len(r.open)-1]
		r.prepared, r.next = false, None
		r.settle()
		return
	}
	r.next = to
	if r.down[r.now] {
		r.commit()
	}
}

func (r *Row) commit() {
	r.now, r.next, r.prepared, r.prepare = r.next, None, false, 0
	r.close()
}

// Down says that an endpoint is down, or up again.
func (r *Row) Down(e Endpoint, down bool) {
	r.down[e] = down
	if down && e == r.now && r.prepared {
		r.commit()
	}
}

// Drain says that an endpoint is to get no new connection, or may again.
func (r *Row) Drain(e Endpoint, drains bool) { r.drains[e] = drains }

// Tick lets time pass.
func (r *Row) Tick() {
	for f, e := range r.entries {
		if e.left--; e.left < 0 {
			delete(r.entries, f)
		} else {
			r.entries[f] = e
		}
	}
	if r.prepared {
		if r.prepare--; r.prepare < 0 {
			r.commit()
		}
	}
	for i := range r.open {
		r.open[i].left--
	}
	r.close()
}

// close closes the windows that are due, the oldest first.
func (r *Row) close() {
	for len(r.open) > 0 && r.open[0].left < 0 && (len(r.open) > 1 || !r.prepared) {
		r.open = slices.Delete(r.open, 0, 1)
	}
	r.settle()
}

// extend keeps all windows open for as long as if they opened now.
func (r *Row) extend() {
	for i := range r.open {
		r.open[i].left = r.cfg.Idle
	}
}

// settle drops entries that agree with a row without open windows.
func (r *Row) settle() {
	if len(r.open) > 0 {
		return
	}
	for f, e := range r.entries {
		if e.endpoint == r.now {
			delete(r.entries, f)
		}
	}
}

// Entries is how many connections are remembered.
func (r *Row) Entries() int { return len(r.entries) }

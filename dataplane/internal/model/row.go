package model

// Endpoint is the number of an endpoint within its service; None is none.
type Endpoint uint8

// None is no endpoint: the packet is dropped.
const None Endpoint = 0

// Flow is a connection, or what comes after it from the same port.
type Flow struct {
	Client  Client
	Service int
}

// Client is an address and a port.
type Client uint8

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
	// Room is how many entries there can be that are not young.
	Room int
	// UDP has neither SYN nor end.
	UDP bool
}

// Row is one row of the table of a service whose rows decide (R1 to R8). The
// zero value is not usable; see New.
type Row struct {
	windows
	entries
	health
	cfg Config
}

// New returns a stable row.
func New(cfg Config, e Endpoint) *Row {
	return &Row{
		windows: windows{idle: cfg.Idle, prepareFor: cfg.Prepare, now: e},
		entries: newEntries(cfg.Room), health: newHealth(), cfg: cfg,
	}
}

// State is stable, changing or excepted.
type State string

// The states of a row.
const (
	Stable   State = "stable"
	Changing State = "changing"
	Excepted State = "excepted"
)

// State says which rules hold for the row.
func (r *Row) State() State {
	switch {
	case r.isOpen():
		return Changing
	case len(r.known) > 0:
		return Excepted
	}
	return Stable
}

// Change gives the row another endpoint for new connections.
func (r *Row) Change(to Endpoint) {
	r.change(to, r.down[r.now])
	r.settle()
}

// Down says that an endpoint is down, or up again.
func (r *Row) Down(e Endpoint, down bool) {
	r.down[e] = down
	if down && e == r.now && r.prepared {
		r.commit()
		r.settle()
	}
}

// Drain says that an endpoint is to get no new connection, or may again.
func (r *Row) Drain(e Endpoint, drains bool) { r.drains[e] = drains }

// Tick lets time pass.
func (r *Row) Tick() {
	r.entries.tick()
	r.windows.tick()
	r.settle()
}

// Evict forgets the entry of a connection, if that is young.
func (r *Row) Evict(f Flow) { r.evict(f) }

// Forward returns where a client's packet goes.
func (r *Row) Forward(f Flow, p Packet) Endpoint {
	to, crowded := r.except(f, p, where{now: r.now, before: r.Before(), changing: r.isOpen()}, r.health, r.cfg)
	if crowded {
		r.extend()
	}
	return to
}

// Reply takes in an endpoint's packet to a client.
func (r *Row) Reply(f Flow, from Endpoint, p Packet) {
	if e, known := r.known[f]; known && e.endpoint == from {
		r.answer(f, p, r.cfg)
	}
}

// settle drops entries that agree with a row without open windows.
func (r *Row) settle() {
	if r.isOpen() {
		return
	}
	for f, e := range r.known {
		if e.endpoint == r.now {
			delete(r.known, f)
		}
	}
}

// Entries is how many connections are remembered.
func (r *Row) Entries() int { return len(r.known) }

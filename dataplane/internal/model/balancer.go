package model

import "maps"

// Place is an address and a port at which something serves. Endpoints of two
// services can be at one.
type Place uint8

// Port is an address and a port of the balancer's, which an endpoint sees as the
// client's; 0 is none.
type Port uint8

// Service is where clients connect to.
type Service struct {
	UDP    bool
	OneArm bool
	// Idle, if not 0, is used instead of Config.Idle.
	Idle int
	// Untracked lets what is UDP follow its row at once, and remembers nothing.
	Untracked bool
	// Endpoints are where its endpoints are: that of 1 is the second.
	Endpoints []Place
	// Rows are its rows' endpoints.
	Rows []Endpoint
}

// Setup is what a Balancer begins with.
type Setup struct {
	Config
	Services []Service
	// FlowRoom is how many flows can be remembered that are not young, as Room is
	// for exceptions.
	FlowRoom int
	// Hash is a number below 2^32 for each connection, that picks its row.
	Hash func(Flow) uint32
	// IsNeighbour reports whether what is at a place would answer a client
	// directly.
	IsNeighbour func(Client, Place) bool
	// Take takes one of the ports that are free, or 0.
	Take func(f Flow, free []Port) Port
	// Ports are numbered from 1.
	Ports int
}

// Balancer is several services, and what is remembered of their connections.
type Balancer struct {
	setup      Setup
	services   []*service
	exceptions entries
	flows      entries
	returns    map[back]held
	directs    map[back]bool
}

// service is one service.
type service struct {
	Service
	health
	cfg    Config
	shares bool // a place with another service
	rows   []windows
	old    []windows // of another number, to which rows with oldTable refer
}

// oldTable is the endpoint that the connection's row has in the old table.
const oldTable Endpoint = 0xff

// back is what an endpoint's packet has in its header. Either client or port is 0.
type back struct {
	from   Place
	udp    bool
	client Client
	port   Port
}

// held is a return entry: whose the packet is.
type held struct {
	flow  Flow
	young bool
}

// NewBalancer returns a Balancer whose rows are stable.
func NewBalancer(setup Setup) *Balancer {
	b := &Balancer{
		setup: setup, exceptions: newEntries(setup.Room), flows: newEntries(setup.FlowRoom),
		returns: map[back]held{}, directs: map[back]bool{},
	}
	for _, s := range setup.Services {
		cfg := setup.Config
		if cfg.UDP = s.UDP; s.Idle > 0 {
			cfg.Idle = s.Idle
		}
		one := &service{Service: s, health: newHealth(), cfg: cfg}
		for _, e := range s.Rows {
			one.rows = append(one.rows, windows{idle: cfg.Idle, prepareFor: cfg.Prepare, now: e})
		}
		b.services = append(b.services, one)
	}
	for i, s := range b.services {
		for j, o := range b.services {
			s.shares = s.shares || i != j && !s.OneArm && !o.OneArm && s.UDP == o.UDP && s.meets(o)
		}
	}
	return b
}

func (s *service) meets(o *service) bool {
	for _, p := range s.Endpoints {
		for _, q := range o.Endpoints {
			if p == q {
				return true
			}
		}
	}
	return false
}

// place is where an endpoint is.
func (s *service) place(e Endpoint) Place { return s.Endpoints[e-1] }

// hasWindows reports whether a row has to say where connections from before are.
func (s *service) hasWindows() bool { return !s.OneArm && !s.UDP }

// tracks reports whether each connection is remembered, whatever its row says.
func (s *service) tracks() bool { return s.OneArm || s.shares || s.UDP && !s.Untracked }

// rowOf picks a row.
func (b *Balancer) rowOf(f Flow, rows []windows) *windows {
	return &rows[uint64(b.setup.Hash(f))*uint64(len(rows))>>32]
}

// where is what a connection's row says of it.
func (b *Balancer) where(f Flow) where {
	s := b.services[f.Service]
	row := b.rowOf(f, s.rows)
	at := where{now: row.now, before: row.Before(), changing: row.isOpen()}
	if at.now == oldTable {
		at.now = b.rowOf(f, s.old).now
	}
	if at.before == oldTable {
		at.before = b.rowOf(f, s.old).Before()
	}
	return at
}

// Set says which endpoint each row of a service is to have.
func (b *Balancer) Set(of int, target []Endpoint) {
	s := b.services[of]
	for i, to := range target {
		if row := &s.rows[i]; !s.hasWindows() {
			row.now = to
		} else {
			row.change(to, s.isDown(row.now))
		}
	}
	s.flee()
	b.settle()
}

// isDown reports whether a change from an endpoint need not be prepared.
func (s *service) isDown(e Endpoint) bool {
	if e != oldTable {
		return s.down[e]
	}
	for i := range s.old {
		if s.down[s.old[i].now] {
			return true
		}
	}
	return false
}

// Resize gives a service another number of rows, unless it has the last such
// change open still.
func (b *Balancer) Resize(of int, target []Endpoint) bool {
	s := b.services[of]
	if s.looksBack() {
		return false
	}
	s.old, s.rows = s.rows, nil
	for _, to := range target {
		row := windows{idle: s.cfg.Idle, prepareFor: s.cfg.Prepare, now: to}
		if s.hasWindows() {
			row.now = oldTable
			row.change(to, s.isDown(oldTable))
		}
		s.rows = append(s.rows, row)
	}
	s.flee()
	return true
}

// looksBack reports whether a row refers to the old table.
func (s *service) looksBack() bool {
	for i := range s.rows {
		if s.rows[i].now == oldTable || s.rows[i].Before() == oldTable {
			return true
		}
	}
	return false
}

// Down says that a service's endpoint is down, or up again.
func (b *Balancer) Down(of int, e Endpoint, down bool) {
	b.Mark(of, e, down, b.services[of].drains[e])
	b.services[of].flee()
	b.settle()
}

// flee commits changes from endpoints that are down.
func (s *service) flee() {
	for _, rows := range [][]windows{s.old, s.rows} {
		for i := range rows {
			if row := &rows[i]; row.prepared && s.isDown(row.now) {
				row.commit()
			}
		}
	}
}

// Mark is Down and Drain of one that a Set follows, which knows better what rows
// are to change to.
func (b *Balancer) Mark(of int, e Endpoint, down, drains bool) {
	b.services[of].down[e], b.services[of].drains[e] = down, drains
}

// Drain says that a service's endpoint is to get no new connection, or may again.
func (b *Balancer) Drain(of int, e Endpoint, drains bool) { b.services[of].drains[e] = drains }

// Tick lets time pass.
func (b *Balancer) Tick() {
	b.exceptions.tick()
	b.flows.tick()
	b.Sweep()
	for _, s := range b.services {
		for i := range s.old {
			s.old[i].tick()
		}
		for i := range s.rows {
			s.rows[i].tick()
		}
	}
	b.settle()
}

// Sweep forgets return entries whose flow is gone.
func (b *Balancer) Sweep() {
	maps.DeleteFunc(b.returns, func(k back, h held) bool { return !b.holds(h.flow, k) })
}

// settle drops exceptions that agree with a row without open windows.
func (b *Balancer) settle() {
	maps.DeleteFunc(b.exceptions.known, func(f Flow, e entry) bool {
		at := b.where(f)
		return !at.changing && e.endpoint == at.now
	})
}

// crowd keeps all windows open.
func (b *Balancer) crowd() {
	for _, s := range b.services {
		for i := range s.old {
			s.old[i].extend()
		}
		for i := range s.rows {
			s.rows[i].extend()
		}
	}
}

// Look says which endpoint the row of a connection has, for new connections and
// for those from before, and which rules hold.
func (b *Balancer) Look(f Flow) (now, before Endpoint, state State) {
	at, rows := b.where(f), len(b.services[f.Service].rows)
	state = b.State(f.Service, int(uint64(b.setup.Hash(f))*uint64(rows)>>32))
	return at.now, at.before, state
}

// State says which rules hold for a row.
func (b *Balancer) State(of, row int) State {
	s := b.services[of]
	if s.rows[row].isOpen() {
		return Changing
	}
	differs := func(known map[Flow]entry) bool {
		for f, e := range known {
			if f.Service == of && b.rowOf(f, s.rows) == &s.rows[row] && e.endpoint != s.rows[row].now {
				return true
			}
		}
		return false
	}
	if differs(b.exceptions.known) || s.hasWindows() && differs(b.flows.known) {
		return Excepted
	}
	return Stable
}

package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rowWorld is a row, and what is true of the connections on it.
type rowWorld struct {
	setting
	row   *Row
	conns []conn
}

// conn is a connection as its two ends know it.
type conn struct {
	server      Endpoint // has seen its SYN; None: there is no connection
	established bool
	silent      int     // ticks since the client's last packet
	sinceSYN    int     // ticks since its last SYN
	ends        [2]bool // the client, the endpoint has sent a FIN
}

// over: both have ended it.
func (c conn) over() bool { return c.ends[0] && c.ends[1] }

func (w *rowWorld) clone() *rowWorld {
	row := *w.row
	row.windows, row.entries, row.health = row.windows.clone(), row.entries.clone(), row.health.clone()
	return &rowWorld{setting: w.setting, row: &row, conns: slices.Clone(w.conns)}
}

func (w *rowWorld) key() string {
	return fmt.Sprint(w.row.windows, w.row.known, w.row.health, w.conns)
}

// setting is what there is to explore.
type setting struct {
	cfg       Config
	endpoints []Endpoint
	flows     int
	without   []string // moves whose names begin so are left out, to get further
}

func (s setting) world() *rowWorld {
	return &rowWorld{setting: s, row: New(s.cfg, s.endpoints[0]), conns: make([]conn, s.flows)}
}

// fault: an entry stays that agrees with a row without open windows, or the row
// would not become stable (M4).
func (w *rowWorld) fault() string {
	for f, e := range w.row.known {
		if !w.row.isOpen() && e.endpoint == w.row.now {
			return fmt.Sprintf("%v needs no entry", f)
		}
	}
	row := w.clone().row
	for range 2*w.cfg.Idle + w.cfg.Prepare + 4 {
		row.Tick()
	}
	if row.State() != Stable {
		return fmt.Sprintf("M4: nothing happens, and the row is not stable: %v", row)
	}
	return ""
}

func (w *rowWorld) moves() []move[*rowWorld] {
	all := []move[*rowWorld]{{"tick", (*rowWorld).tick}}
	add := func(name string, do func(*rowWorld) string) {
		if !slices.ContainsFunc(w.without, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			all = append(all, move[*rowWorld]{name, do})
		}
	}
	for i := range w.conns {
		f := Flow{Client: Client(i)}
		add(fmt.Sprint("SYN ", i), func(w *rowWorld) string { return w.syn(f) })
		add(fmt.Sprint("RST of a stranger ", i), func(w *rowWorld) string { w.row.Forward(f, Packet{RST: true}); return "" })
		if w.conns[i].server == None {
			add(fmt.Sprint("FIN of a stranger ", i), func(w *rowWorld) string { w.row.Forward(f, Packet{FIN: true}); return "" })
		}
		if w.row.known[f].young {
			add(fmt.Sprint("evict ", i), func(w *rowWorld) string {
				w.row.Evict(f)
				w.conns[i] = conn{} // nothing is promised
				return ""
			})
		}
		if c := w.conns[i]; c.server != None && !w.row.down[c.server] {
			add(fmt.Sprint("reply ", i), func(w *rowWorld) string {
				w.row.Reply(f, c.server, Packet{})
				if c.established || c.sinceSYN <= w.cfg.Embryonic {
					w.conns[f.Client].established = true
				} else {
					w.conns[f.Client] = conn{} // too late: nothing is promised
				}
				return ""
			})
			add(fmt.Sprint("FIN of the endpoint ", i), func(w *rowWorld) string {
				w.row.Reply(f, c.server, Packet{FIN: true})
				w.conns[f.Client].ends[1] = true
				return ""
			})
			add(fmt.Sprint("RST of the endpoint ", i), func(w *rowWorld) string {
				w.row.Reply(f, c.server, Packet{RST: true})
				w.conns[f.Client] = conn{}
				return ""
			})
			if c.established {
				add(fmt.Sprint("data ", i), func(w *rowWorld) string { return w.data(f, Packet{}) })
				add(fmt.Sprint("FIN ", i), func(w *rowWorld) string { return w.data(f, Packet{FIN: true}) })
			}
		}
	}
	add("change to none", func(w *rowWorld) string { w.row.Change(None); return "" })
	for _, e := range w.endpoints {
		if w.row.down[e] {
			add(fmt.Sprint("up ", e), func(w *rowWorld) string { w.row.Down(e, false); return "" })
			continue
		}
		add(fmt.Sprint("change to ", e), func(w *rowWorld) string { w.row.Change(e); return "" })
		add(fmt.Sprint("down ", e), func(w *rowWorld) string { return w.kill(e) })
		add(fmt.Sprint("down and left ", e), func(w *rowWorld) string { w.kill(e); return w.leave(e) })
		if !w.row.drains[e] {
			add(fmt.Sprint("drain ", e), func(w *rowWorld) string { return w.drain(e) })
		} else {
			add(fmt.Sprint("serve again ", e), func(w *rowWorld) string { w.row.Drain(e, false); return "" })
		}
	}
	return all
}

func (w *rowWorld) tick() string {
	w.row.Tick()
	for i := range w.conns {
		c := &w.conns[i]
		if c.server == None {
			continue
		}
		c.sinceSYN = min(c.sinceSYN+1, max(w.cfg.Prepare, w.cfg.Embryonic)+1)
		promised := w.cfg.Idle
		if c.over() {
			promised = w.cfg.Closing
		}
		if c.silent++; c.silent > promised {
			*c = conn{} // nothing is promised any more
		}
	}
	return ""
}

// syn begins a connection, or repeats a SYN. M2 and M3.
func (w *rowWorld) syn(f Flow) string {
	before := w.conns[f.Client]
	to := w.row.Forward(f, Packet{SYN: true})
	repeats := before.server != None && !before.established && before.sinceSYN <= w.cfg.Prepare
	switch {
	case to == None:
	case w.row.down[to] && !(before.server == to):
		return fmt.Sprintf("M3: a new connection goes to endpoint %d, which is down", to)
	case repeats && to != before.server && !w.row.down[before.server] && !w.row.drains[before.server]:
		return fmt.Sprintf("M2: the second SYN goes to endpoint %d, the first went to %d", to, before.server)
	case to == before.server && before.established && !before.over():
		return "" // of an established connection: its endpoint challenges it
	}
	w.conns[f.Client] = conn{server: to}
	return ""
}

// data is a packet of an established connection. M1.
func (w *rowWorld) data(f Flow, p Packet) string {
	c := &w.conns[f.Client]
	if to := w.row.Forward(f, p); to != c.server {
		return fmt.Sprintf("M1: a connection to endpoint %d is moved to %d", c.server, to)
	}
	c.silent, c.ends[0] = 0, c.ends[0] || p.FIN
	return ""
}

// kill takes an endpoint down, and its connections with it.
func (w *rowWorld) kill(e Endpoint) string {
	w.row.Down(e, true)
	for i := range w.conns {
		if w.conns[i].server == e {
			w.conns[i] = conn{}
		}
	}
	return ""
}

func (w *rowWorld) drain(e Endpoint) string {
	w.row.Drain(e, true)
	return w.leave(e)
}

// leave changes the row to another endpoint, if there is one.
func (w *rowWorld) leave(e Endpoint) string {
	if w.row.now != e && (!w.row.prepared || w.row.next != e) {
		return ""
	}
	for _, other := range w.endpoints {
		if other != e && !w.row.down[other] && !w.row.drains[other] {
			w.row.Change(other)
			return ""
		}
	}
	w.row.Change(None)
	return ""
}

// settings are small enough to meet everything soon.
func settings() map[string]setting {
	times := Config{Idle: 2, Prepare: 1, Embryonic: 1, Closing: 1, Room: 9}
	small, long, slow := times, times, times
	small.Room = 1
	long.Idle, long.Prepare, long.Embryonic = 3, 2, 2
	slow.Idle, slow.Prepare, slow.Embryonic = 1, 3, 3
	const ends, faults, drains = "FIN", "RST", "drain"
	return map[string]setting{
		"one that stays":                  {cfg: times, endpoints: []Endpoint{1, 2}, flows: 1, without: []string{ends, faults, "down", "up"}},
		"prepared for long":               {cfg: slow, endpoints: []Endpoint{1, 2}, flows: 1, without: []string{ends, faults, "down", "up"}},
		"two that stay, room for one":     {cfg: small, endpoints: []Endpoint{1, 2}, flows: 2, without: []string{ends, faults, drains, "down", "up"}},
		"one connection, two endpoints":   {cfg: times, endpoints: []Endpoint{1, 2}, flows: 1},
		"one connection, three endpoints": {cfg: times, endpoints: []Endpoint{1, 2, 3}, flows: 1},
		"one connection, longer times":    {cfg: long, endpoints: []Endpoint{1, 2}, flows: 1},
		"two connections, two endpoints":  {cfg: times, endpoints: []Endpoint{1, 2}, flows: 2},
		"two connections, room for one":   {cfg: small, endpoints: []Endpoint{1, 2}, flows: 2},
	}
}

func TestRow(t *testing.T) {
	t.Parallel()
	for name, s := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			explore(t, s.world(), *states)
		})
	}
}

// The search goes everywhere, but not far; these go far.
func TestRowWalks(t *testing.T) {
	t.Parallel()
	for name, s := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range *walks {
				wander(t, s.world(), uint64(seed), 60)
			}
		})
	}
}

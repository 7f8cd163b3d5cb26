package model

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// world is a row, and what is true of the connections on it.
type world struct {
	row   *Row
	conns []conn // by Flow
	trail []string
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

func (w *world) clone() *world {
	row := *w.row
	row.open = slices.Clone(row.open)
	row.entries, row.down, row.drains = maps.Clone(row.entries), maps.Clone(row.down), maps.Clone(row.drains)
	return &world{row: &row, conns: slices.Clone(w.conns), trail: w.trail}
}

func (w *world) key() string {
	r := w.row
	return fmt.Sprint(r.now, r.prepared, r.next, r.prepare, r.open, r.entries, r.down, r.drains, w.conns)
}

// search explores all orders of moves.
type search struct {
	cfg       Config
	endpoints []Endpoint
	flows     int
	limit     int
	without   []string // moves whose names begin so are left out, to get further
}

func (s search) run(t *testing.T) (states int, exhausted bool) {
	t.Helper()
	first := &world{row: New(s.cfg, s.endpoints[0]), conns: make([]conn, s.flows)}
	seen := map[string]bool{first.key(): true}
	for queue := []*world{first}; len(queue) > 0; {
		w := queue[0]
		queue = queue[1:]
		s.calm(t, w)
		s.tidy(t, w)
		for _, m := range s.moves(w) {
			next := w.clone()
			next.trail = append(slices.Clip(w.trail), m.name)
			if fault := m.do(next); fault != "" {
				require.Fail(t, fault, "after %q", next.trail)
			}
			if key := next.key(); !seen[key] {
				if len(seen) >= s.limit {
					return len(seen), false
				}
				seen[key] = true
				queue = append(queue, next)
			}
		}
	}
	return len(seen), true
}

// walk goes a long way at random, and returns what it broke.
func (s search) walk(t *testing.T, seed uint64, steps int) {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 1))
	w := &world{row: New(s.cfg, s.endpoints[0]), conns: make([]conn, s.flows)}
	for range steps {
		moves := s.moves(w)
		m := moves[dice.IntN(len(moves))]
		if dice.IntN(3) == 0 {
			m = moves[0] // time passes
		}
		w.trail = append(w.trail, m.name)
		if fault := m.do(w); fault != "" {
			require.Fail(t, fault, "seed %d, after %q", seed, w.trail)
		}
		s.tidy(t, w)
	}
	s.calm(t, w)
}

// tidy: no entry stays that agrees with a row without open windows.
func (s search) tidy(t *testing.T, w *world) {
	t.Helper()
	for f, e := range w.row.entries {
		require.False(t, len(w.row.open) == 0 && e.endpoint == w.row.now, "connection %d needs no entry, after %q", f, w.trail)
	}
}

// calm checks M4 from here.
func (s search) calm(t *testing.T, w *world) {
	t.Helper()
	row := w.clone().row
	for range 2*s.cfg.Idle + s.cfg.Prepare + 4 {
		row.Tick()
	}
	require.Equal(t, Stable, row.State(), "M4: nothing happens, and the row is not stable: %v, after %q", row, w.trail)
	require.Zero(t, row.Entries())
}

// move is something that may happen; do returns which invariant it breaks.
type move struct {
	name string
	do   func(*world) string
}

func (s search) moves(w *world) []move {
	all := []move{{"tick", s.tick}}
	add := func(name string, do func(*world) string) {
		if !slices.ContainsFunc(s.without, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			all = append(all, move{name, do})
		}
	}
	for i := range w.conns {
		f := Flow(i)
		add(fmt.Sprint("SYN ", i), func(w *world) string { return s.syn(w, f) })
		add(fmt.Sprint("RST of a stranger ", i), func(w *world) string { w.row.Forward(f, Packet{RST: true}); return "" })
		if c := w.conns[i]; c.server != None && !w.row.down[c.server] {
			add(fmt.Sprint("reply ", i), func(w *world) string {
				w.row.Reply(f, c.server, Packet{})
				if c.established || c.sinceSYN <= s.cfg.Embryonic {
					w.conns[f].established = true
				} else {
					w.conns[f] = conn{} // too late: nothing is promised
				}
				return ""
			})
			add(fmt.Sprint("FIN of the endpoint ", i), func(w *world) string {
				w.row.Reply(f, c.server, Packet{FIN: true})
				w.conns[f].ends[1] = true
				return ""
			})
			add(fmt.Sprint("RST of the endpoint ", i), func(w *world) string {
				w.row.Reply(f, c.server, Packet{RST: true})
				w.conns[f] = conn{}
				return ""
			})
			if c.established {
				add(fmt.Sprint("data ", i), func(w *world) string { return s.data(w, f, Packet{}) })
				add(fmt.Sprint("FIN ", i), func(w *world) string { return s.data(w, f, Packet{FIN: true}) })
			}
		}
	}
	add("change to none", func(w *world) string { w.row.Change(None); return "" })
	for _, e := range s.endpoints {
		if w.row.down[e] {
			add(fmt.Sprint("up ", e), func(w *world) string { w.row.Down(e, false); return "" })
			continue
		}
		add(fmt.Sprint("change to ", e), func(w *world) string { w.row.Change(e); return "" })
		add(fmt.Sprint("down ", e), func(w *world) string { return s.kill(w, e) })
		if !w.row.drains[e] {
			add(fmt.Sprint("drain ", e), func(w *world) string { return s.drain(w, e) })
		} else {
			add(fmt.Sprint("serve again ", e), func(w *world) string { w.row.Drain(e, false); return "" })
		}
	}
	return all
}

func (s search) tick(w *world) string {
	w.row.Tick()
	for i := range w.conns {
		c := &w.conns[i]
		if c.server == None {
			continue
		}
		c.sinceSYN = min(c.sinceSYN+1, max(s.cfg.Prepare, s.cfg.Embryonic)+1)
		promised := s.cfg.Idle
		if c.over() {
			promised = s.cfg.Closing
		}
		if c.silent++; c.silent > promised {
			*c = conn{} // nothing is promised any more
		}
	}
	return ""
}

// syn begins a connection, or repeats a SYN. M2 and M3.
func (s search) syn(w *world, f Flow) string {
	before := w.conns[f]
	to := w.row.Forward(f, Packet{SYN: true})
	repeats := before.server != None && !before.established && before.sinceSYN <= s.cfg.Prepare
	switch {
	case to == None:
	case w.row.down[to] && !(before.server == to):
		return fmt.Sprintf("M3: a new connection goes to endpoint %d, which is down", to)
	case repeats && to != before.server && !w.row.down[before.server] && !w.row.drains[before.server]:
		return fmt.Sprintf("M2: the second SYN goes to endpoint %d, the first went to %d", to, before.server)
	case to == before.server && before.established && !before.over():
		return "" // of an established connection: its endpoint challenges it
	}
	w.conns[f] = conn{server: to}
	return ""
}

// data is a packet of an established connection. M1.
func (s search) data(w *world, f Flow, p Packet) string {
	c := &w.conns[f]
	if to := w.row.Forward(f, p); to != c.server {
		return fmt.Sprintf("M1: a connection to endpoint %d is moved to %d", c.server, to)
	}
	c.silent, c.ends[0] = 0, c.ends[0] || p.FIN
	return ""
}

// kill takes an endpoint down, and its connections with it.
func (s search) kill(w *world, e Endpoint) string {
	w.row.Down(e, true)
	for i := range w.conns {
		if w.conns[i].server == e {
			w.conns[i] = conn{}
		}
	}
	return s.leave(w, e)
}

func (s search) drain(w *world, e Endpoint) string {
	w.row.Drain(e, true)
	return s.leave(w, e)
}

// leave changes the row to another endpoint, if there is one.
func (s search) leave(w *world, e Endpoint) string {
	if w.row.now != e && (!w.row.prepared || w.row.next != e) {
		return ""
	}
	for _, other := range s.endpoints {
		if other != e && !w.row.down[other] && !w.row.drains[other] {
			w.row.Change(other)
			return ""
		}
	}
	w.row.Change(None)
	return ""
}

var (
	states = flag.Int("states", 30_000, "how many states of each setting TestModel explores")
	walks  = flag.Int("walks", 10_000, "how many times TestWalks goes a long way in each setting")
)

// settings are small enough to meet everything soon.
func settings() map[string]search {
	times := Config{Idle: 2, Prepare: 1, Embryonic: 1, Closing: 1, Room: 9}
	small, long, slow := times, times, times
	small.Room = 1
	long.Idle, long.Prepare, long.Embryonic = 3, 2, 2
	slow.Idle, slow.Prepare, slow.Embryonic = 1, 3, 3
	const ends, faults, drains = "FIN", "RST", "drain"
	return map[string]search{
		"one that stays":                  {cfg: times, endpoints: []Endpoint{1, 2}, flows: 1, limit: *states, without: []string{ends, faults, "down", "up"}},
		"prepared for long":               {cfg: slow, endpoints: []Endpoint{1, 2}, flows: 1, limit: *states, without: []string{ends, faults, "down", "up"}},
		"two that stay, room for one":     {cfg: small, endpoints: []Endpoint{1, 2}, flows: 2, limit: *states, without: []string{ends, faults, drains, "down", "up"}},
		"one connection, two endpoints":   {cfg: times, endpoints: []Endpoint{1, 2}, flows: 1, limit: *states},
		"one connection, three endpoints": {cfg: times, endpoints: []Endpoint{1, 2, 3}, flows: 1, limit: *states},
		"one connection, longer times":    {cfg: long, endpoints: []Endpoint{1, 2}, flows: 1, limit: *states},
		"two connections, two endpoints":  {cfg: times, endpoints: []Endpoint{1, 2}, flows: 2, limit: *states},
		"two connections, room for one":   {cfg: small, endpoints: []Endpoint{1, 2}, flows: 2, limit: *states},
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	for name, s := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states, exhausted := s.run(t)
			t.Logf("%d states, all of them: %v", states, exhausted)
		})
	}
}

// The search goes everywhere, but not far; these go far.
func TestWalks(t *testing.T) {
	t.Parallel()
	for name, s := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range *walks {
				s.walk(t, uint64(seed), 60)
			}
		})
	}
}

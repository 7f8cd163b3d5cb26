package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// site is a balancer, and what is true of the connections through it.
type site struct {
	*plan
	b       *Balancer
	targets [][]Endpoint // of each service: what its rows are to have
	conns   map[Flow]link
	directs map[back]int // ticks since the client's last packet
}

// plan is what there is to explore.
type plan struct {
	setup   Setup
	clients []Client
	sizes   []int    // numbers of rows that services may get
	direct  bool     // clients connect to places, too
	only    []string // moves whose names begin so; none: all
}

// link is a connection as its two ends know it.
type link struct {
	conn
	at   Place
	port Port // as which it sees the client
}

func (p *plan) site() *site {
	s := &site{plan: p, b: NewBalancer(p.setup), conns: map[Flow]link{}, directs: map[back]int{}}
	for _, service := range p.setup.Services {
		s.targets = append(s.targets, slices.Clone(service.Rows))
	}
	return s
}

func (w *site) clone() *site {
	c := &site{plan: w.plan, b: w.b.clone(), conns: maps.Clone(w.conns), directs: maps.Clone(w.directs)}
	for _, t := range w.targets {
		c.targets = append(c.targets, slices.Clone(t))
	}
	return c
}

func (b *Balancer) clone() *Balancer {
	c := &Balancer{
		setup: b.setup, exceptions: b.exceptions.clone(), flows: b.flows.clone(),
		returns: maps.Clone(b.returns), directs: maps.Clone(b.directs),
	}
	for _, s := range b.services {
		one := *s
		one.health, one.rows, one.old = s.clone(), nil, nil
		for i := range s.rows {
			one.rows = append(one.rows, s.rows[i].clone())
		}
		for i := range s.old {
			one.old = append(one.old, s.old[i].clone())
		}
		c.services = append(c.services, &one)
	}
	return c
}

func (w *site) key() string {
	var k strings.Builder
	for _, s := range w.b.services {
		fmt.Fprint(&k, s.rows, s.old, s.health)
	}
	fmt.Fprint(&k, w.b.exceptions, w.b.flows, w.b.returns, w.b.directs, w.targets, w.conns, w.directs)
	return k.String()
}

// fault: a flow that is settled has lost its return entry (N1), or something
// stays though everything is quiet (N6).
func (w *site) fault() string {
	for f, e := range w.b.flows.known {
		s := w.b.services[f.Service]
		if !e.young && (e.port != 0 || s.shares) && w.b.returns[w.b.backOf(f, e)] != (held{flow: f}) {
			return fmt.Sprintf("N1: flow %v has no return entry", f)
		}
	}
	b := w.b.clone()
	for range 3*w.setup.Idle + w.setup.Prepare + 5 {
		b.Tick()
	}
	for i, s := range b.services {
		for row := range s.rows {
			if b.State(i, row) != Stable {
				return fmt.Sprintf("N6: row %d of service %d is %s", row, i, b.State(i, row))
			}
		}
	}
	if len(b.exceptions.known)+len(b.flows.known)+len(b.returns) > 0 {
		return fmt.Sprintf("N6: something is remembered: %v %v %v", b.exceptions.known, b.flows.known, b.returns)
	}
	return ""
}

func (w *site) tick() string {
	w.b.Tick()
	for f, c := range w.conns {
		cfg := w.b.services[f.Service].cfg
		c.silent++
		c.sinceSYN = min(c.sinceSYN+1, max(cfg.Prepare, cfg.Embryonic)+1)
		promised := cfg.Idle
		if c.over() {
			promised = cfg.Closing
		}
		if w.conns[f] = c; c.silent > promised || !c.established && !cfg.UDP && c.sinceSYN > cfg.Embryonic {
			delete(w.conns, f) // nothing is promised any more
		}
	}
	for k, silent := range w.directs {
		if w.directs[k] = silent + 1; silent >= w.setup.Idle {
			delete(w.directs, k)
		}
	}
	return ""
}

// open sends a SYN, or a UDP packet: N2, N5.
func (w *site) open(f Flow) string {
	s := w.b.services[f.Service]
	before, was := w.conns[f]
	v := w.b.Forward(f, Packet{SYN: !s.UDP})
	if v.To == None { // no place
		if s.UDP && before.established {
			return fmt.Sprintf("N2: the flow %+v is dropped: %v", before, v)
		}
		if !before.established || before.over() {
			delete(w.conns, f)
		}
		return ""
	}
	c := link{conn: conn{server: v.To}, at: s.place(v.To), port: v.Port}
	same := was && before.server == v.To && before.port == v.Port
	repeats := was && !before.established && (s.UDP || before.sinceSYN <= s.cfg.Prepare)
	switch {
	case was && s.UDP && before.established && !same:
		return fmt.Sprintf("N2: the flow %+v is moved: %v", before, v)
	case repeats && !same && !s.down[before.server] && !s.drains[before.server]:
		return fmt.Sprintf("M2: the first packet went to %+v, the second goes %v", before, v)
	case s.down[v.To] && !same:
		return fmt.Sprintf("N5: a new connection goes to endpoint %d, which is down", v.To)
	case same && s.UDP:
		before.silent = 0
		w.conns[f] = before
		return ""
	case same && before.established && !before.over():
		return "" // its endpoint challenges it
	}
	delete(w.conns, f)
	return w.add(f, c)
}

// add adds a connection: N1.
func (w *site) add(f Flow, c link) string {
	for o, other := range w.conns {
		if other.at == c.at && other.port == c.port && w.isUDP(o) == w.isUDP(f) && (c.port != 0 || o.Client == f.Client) {
			return fmt.Sprintf("N1: to endpoint and client it is that of %v: %+v", o, c)
		}
	}
	k := back{from: c.at, udp: w.isUDP(f), client: f.Client}
	if _, direct := w.directs[k]; direct && c.port == 0 {
		delete(w.directs, k) // nobody can tell them apart
		return ""
	}
	w.conns[f] = c
	return ""
}

func (w *site) isUDP(f Flow) bool { return w.b.services[f.Service].UDP }

// data is a client's packet on an established connection: N2.
func (w *site) data(f Flow, p Packet) string {
	c := w.conns[f]
	if v := w.b.Forward(f, p); v.To != c.server || v.Port != c.port {
		return fmt.Sprintf("N2: connection %+v is moved: %v", c, v)
	}
	c.silent, c.ends[0] = 0, c.ends[0] || p.FIN
	w.conns[f] = c
	return ""
}

// reply is an endpoint's packet: N3.
func (w *site) reply(f Flow, p Packet) string {
	c := w.conns[f]
	var v Verdict
	if c.port != 0 {
		v = w.b.ReplyToPort(c.at, w.isUDP(f), c.port, p)
	} else {
		v = w.b.Reply(c.at, w.isUDP(f), f.Client, p)
	}
	if v.Answers == nil || *v.Answers != f {
		return fmt.Sprintf("N3: the answer on %v, %+v: %v", f, c, v)
	}
	c.established = true
	c.ends[1] = c.ends[1] || p.FIN
	if w.conns[f] = c; p.RST {
		delete(w.conns, f)
	}
	return ""
}

// answerDirect is the answer on a connection that is not the balancer's: N4.
func (w *site) answerDirect(k back) string {
	if v := w.b.Reply(k.from, k.udp, k.client, Packet{}); v != (Verdict{}) {
		return fmt.Sprintf("N4: the answer on a direct connection, %+v: %v", k, v)
	}
	return ""
}

// kill takes what is at a place down, and its connections with it, or lets it up
// again. Its rows are others' at once, or not.
func (w *site) kill(at Place, down, leave bool) string {
	maps.DeleteFunc(w.conns, func(_ Flow, c link) bool { return c.at == at })
	maps.DeleteFunc(w.directs, func(k back, _ int) bool { return k.from == at })
	for i, s := range w.b.services {
		for n, p := range s.Endpoints {
			if e := Endpoint(n + 1); p == at {
				w.b.Down(i, e, down)
				if down && leave {
					w.leave(i, e)
				}
			}
		}
	}
	return ""
}

// leave gives an endpoint's rows to others.
func (w *site) leave(of int, e Endpoint) {
	s := w.b.services[of]
	to := None
	for n := range s.Endpoints {
		if other := Endpoint(n + 1); !s.down[other] && !s.drains[other] {
			to = other
		}
	}
	for row, is := range w.targets[of] {
		if is == e {
			w.targets[of][row] = to
		}
	}
	w.b.Set(of, w.targets[of])
}

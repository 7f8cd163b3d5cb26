package model

import (
	"fmt"
	"slices"
	"strings"
)

func (w *site) moves() []move[*site] {
	all := []move[*site]{{"tick", (*site).tick}}
	add := func(do func(*site) string, name string, args ...any) {
		if len(w.only) == 0 || slices.ContainsFunc(w.only, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			all = append(all, move[*site]{fmt.Sprintf(name, args...), do})
		}
	}
	for i, s := range w.b.services {
		for _, c := range w.clients {
			w.flowMoves(Flow{Client: c, Service: i}, add)
		}
		w.serviceMoves(i, add)
		for n, at := range s.Endpoints {
			down := s.down[Endpoint(n+1)]
			if i == 0 {
				add(func(w *site) string { return w.kill(at, !down, true) }, "down %v of %d", !down, at)
				if !down {
					add(func(w *site) string { return w.kill(at, true, false) }, "down of %d, and its rows stay", at)
				}
			}
			for _, c := range w.clients {
				k := back{from: at, udp: s.UDP, client: c}
				if w.direct && !down && (i == 0 || !s.shares) {
					w.directMoves(k, add)
				}
			}
		}
	}
	return all
}

type adder = func(do func(*site) string, name string, args ...any)

func (w *site) flowMoves(f Flow, add adder) {
	s := w.b.services[f.Service]
	add(func(w *site) string { return w.open(f) }, "open %v", f)
	strangers := !s.UDP && !w.hasDirect(f)
	if strangers {
		add(func(w *site) string { w.b.Forward(f, Packet{RST: true}); return "" }, "stranger's RST %v", f)
	}
	if w.b.flows.known[f].young {
		add(func(w *site) string { w.b.EvictFlow(f); delete(w.conns, f); return "" }, "evict flow %v", f)
		add(func(w *site) string { w.b.EvictReturn(f); delete(w.conns, f); return "" }, "evict return %v", f)
	}
	if w.b.exceptions.known[f].young {
		add(func(w *site) string { w.b.EvictException(f); delete(w.conns, f); return "" }, "evict exception %v", f)
	}
	c, is := w.conns[f]
	if !is {
		if strangers {
			add(func(w *site) string { w.b.Forward(f, Packet{}); return "" }, "stranger's data %v", f)
			add(func(w *site) string { w.b.Forward(f, Packet{FIN: true}); return "" }, "stranger's FIN %v", f)
		}
		return
	}
	add(func(w *site) string { return w.reply(f, Packet{}) }, "reply %v", f)
	if s.UDP {
		return
	}
	add(func(w *site) string { return w.reply(f, Packet{FIN: true}) }, "endpoint's FIN %v", f)
	add(func(w *site) string { return w.reply(f, Packet{RST: true}) }, "endpoint's RST %v", f)
	if c.established {
		add(func(w *site) string { return w.data(f, Packet{}) }, "data %v", f)
		add(func(w *site) string { return w.data(f, Packet{FIN: true}) }, "FIN %v", f)
	}
}

func (w *site) serviceMoves(i int, add adder) {
	s := w.b.services[i]
	set := func(row int, e Endpoint) {
		add(func(w *site) string {
			w.targets[i][row] = e
			w.b.Set(i, w.targets[i])
			return ""
		}, "set row %d of %d to %d", row, i, e)
	}
	for row := range w.targets[i] {
		set(row, None)
	}
	for n := range s.Endpoints {
		e := Endpoint(n + 1)
		if s.down[e] {
			continue
		}
		for row := range w.targets[i] {
			if !s.drains[e] {
				set(row, e)
			}
		}
		drains := s.drains[e]
		add(func(w *site) string {
			if w.b.Drain(i, e, !drains); !drains {
				w.leave(i, e)
			}
			return ""
		}, "drain %v: %d of %d", !drains, e, i)
		for _, size := range w.sizes {
			target := slices.Repeat([]Endpoint{e}, size)
			for row := range target {
				target[row] = (e+Endpoint(row)-1)%Endpoint(len(s.Endpoints)) + 1
				if s.down[target[row]] {
					target[row] = e
				}
			}
			if size != len(w.targets[i]) && !s.looksBack() {
				add(func(w *site) string {
					w.b.Resize(i, target)
					w.targets[i] = slices.Clone(target)
					return ""
				}, "resize %d to %v", i, target)
			}
		}
	}
}

// hasDirect reports whether what a stranger sends in the client's name might be
// taken for its own connection's.
func (w *site) hasDirect(f Flow) bool {
	for k := range w.directs {
		if k.client == f.Client && k.udp == w.isUDP(f) {
			return true
		}
	}
	return false
}

// A client that has a flow to a place from the same port is not told from one
// that connects directly.
func (w *site) directMoves(k back, add adder) {
	add(func(w *site) string {
		w.b.Direct(k.client, k.from, k.udp)
		w.directs[k] = 0
		for _, known := range []map[Flow]entry{w.b.flows.known, w.b.exceptions.known} {
			for f, e := range known {
				if w.b.backOf(f, e) == k {
					delete(w.directs, k)
				}
			}
		}
		for f, c := range w.conns {
			if c.at == k.from && c.port == 0 && f.Client == k.client && w.isUDP(f) == k.udp {
				delete(w.conns, f)
				delete(w.directs, k)
			}
		}
		return ""
	}, "direct %v", k)
	if w.b.directs[k] {
		add(func(w *site) string { delete(w.b.directs, k); delete(w.directs, k); return "" }, "evict note %v", k)
	}
	if _, is := w.directs[k]; is {
		add(func(w *site) string { return w.answerDirect(k) }, "answer directly %v", k)
	}
}

package xdp_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/model"
	"github.com/regent-ha/regent/dataplane/xdp"
)

// universe is what there can be: the services with all endpoints that they ever
// have, the clients, and how the model numbers them.
type universe struct {
	seed     uint64
	services []dataplane.Service
	snats    []dataplane.SNAT
	clients  []netip.AddrPort
	places   []netip.AddrPort
	ports    []netip.AddrPort // of the SNAT ranges
	hashes   map[model.Flow]uint32
	shared   []netip.Prefix // networks whose hosts answer each other directly
}

// A tick is a second, which is what a window is open for beyond the idle timeout:
// so program and model agree to the tick.
const tick = time.Second

const (
	idleTicks    = 4
	prepareTicks = 1
	longTicks    = 2 // embryonic
	closingTicks = 1

	growing = 3 // services that have fewer endpoints first than their table has rows for

	plenty   = 4096 // of room
	flowRoom = plenty
)

// times are the program's that make it the model's, with room for so many
// exceptions.
func times(room int) xdp.Config {
	return xdp.Config{
		Prepare: (prepareTicks + 1) * tick, Embryonic: longTicks * tick, Closing: closingTicks * tick,
		Capacity: xdp.Capacity{Services: 256, Endpoints: 8192, Rows: 1 << 18, Exceptions: room, Flows: flowRoom, Embryonic: 16384},
	}
}

// everything has services of all kinds, in some families.
func everything(seed uint64, families ...map[string]netip.Prefix) *universe {
	u := &universe{seed: seed, hashes: make(map[model.Flow]uint32)}
	for _, nets := range families {
		at := func(port uint16, where ...string) (all []dataplane.Endpoint) {
			for i, name := range where {
				all = append(all, dataplane.Endpoint{Addr: in(nets[name], byte(firstHost+i)), Port: port, Weight: 1})
			}
			return all
		}
		serve := func(n byte, protocol dataplane.Protocol, mode dataplane.Mode, endpoints []dataplane.Endpoint) {
			u.services = append(u.services, dataplane.Service{
				VIP: in(nets["front"], 100+n), Port: 80, Protocol: protocol, Mode: mode, Endpoints: endpoints, IdleTimeout: idleTicks * tick,
			})
		}
		const tcp, udp, dnat, arm = dataplane.TCP, dataplane.UDP, dataplane.DNAT, dataplane.OneArm
		serve(0, tcp, dnat, at(8080, "back1", "back1", "back2", "routed"))
		serve(1, tcp, dnat, at(8081, "routed", "routed", "routed"))
		serve(2, tcp, arm, at(8082, "back1", "back2", "routed"))
		serve(3, udp, dnat, at(8080, "back1", "back2", "routed"))
		serve(4, udp, dnat, at(8084, "routed", "back1"))
		u.services[len(u.services)-1].Untracked = true
		serve(5, tcp, dnat, at(8085, "routed", "back1"))
		serve(6, tcp, dnat, at(8085, "routed", "back1"))
		serve(7, udp, arm, at(8086, "routed", "back1"))
		for n := range byte(growing) {
			serve(8+n, tcp, dnat, at(8087+uint16(n), slices.Repeat([]string{"routed"}, 12)...))
		}
		for i, name := range []string{"back1", "back2"} {
			first := uint16(2000 + 1000*i)
			u.snats = append(u.snats, dataplane.SNAT{Addr: in(nets[name], 200), First: first, Last: first + 3})
			u.shared = append(u.shared, nets[name])
			u.clients = append(u.clients, netip.AddrPortFrom(in(nets[name], firstHost+20), 1000), netip.AddrPortFrom(in(nets[name], firstHost+20), 1001))
		}
		for n := byte(0); n < 4; n++ {
			u.clients = append(u.clients, netip.AddrPortFrom(in(nets["far"], 1+n), 1000), netip.AddrPortFrom(in(nets["far"], 1+n), 1001))
		}
		u.clients = append(u.clients, netip.AddrPortFrom(in(nets["front"], firstHost+20), 1000))
	}
	for _, s := range u.services {
		for _, e := range s.Endpoints {
			if at := netip.AddrPortFrom(e.Addr, e.Port); !slices.Contains(u.places, at) {
				u.places = append(u.places, at)
			}
		}
	}
	for _, s := range u.snats {
		for port := s.First; port <= s.Last; port++ {
			u.ports = append(u.ports, netip.AddrPortFrom(s.Addr, port))
		}
	}
	return u
}

// config is what there is first: all endpoints, but of services that are to grow.
func (u *universe) config() dataplane.Config {
	c := dataplane.Config{Seed: u.seed, SNAT: u.snats}
	for _, s := range u.services {
		s.Endpoints = slices.Clone(s.Endpoints[:min(len(s.Endpoints), 10)])
		c.Services = append(c.Services, s)
	}
	return c
}

// target is what the rows of a service are to be.
func (u *universe) target(of int, endpoints []dataplane.Endpoint, rows int) []model.Endpoint {
	target := make([]model.Endpoint, rows)
	table := dataplane.NewTable(u.seed, endpoints, rows)
	for row, i := range table.Rows {
		target[row] = u.endpoint(of, netip.AddrPortFrom(table.Endpoints[i].Addr, table.Endpoints[i].Port))
	}
	return target
}

// endpoint is the model's number of a service's endpoint.
func (u *universe) endpoint(of int, at netip.AddrPort) model.Endpoint {
	return model.Endpoint(1 + slices.IndexFunc(u.services[of].Endpoints, func(e dataplane.Endpoint) bool {
		return netip.AddrPortFrom(e.Addr, e.Port) == at
	}))
}

// at is where one is.
func (u *universe) at(of int, e model.Endpoint) netip.AddrPort {
	if e == model.None {
		return netip.AddrPort{}
	}
	one := u.services[of].Endpoints[e-1]
	return netip.AddrPortFrom(one.Addr, one.Port)
}

func (u *universe) place(at netip.AddrPort) model.Place {
	return model.Place(slices.Index(u.places, at))
}

func (u *universe) vip(of int) netip.AddrPort {
	return netip.AddrPortFrom(u.services[of].VIP, u.services[of].Port)
}

// nextHop is whose hardware address frames to a place or client get.
func (u *universe) nextHop(to netip.Addr) [6]byte {
	nets := networks4()
	if to.Is6() {
		nets = networks6()
	}
	switch {
	case nets["routed"].Contains(to):
		to = in(nets["back2"], routerHost)
	case nets["far"].Contains(to):
		to = in(nets["front"], routerHost)
	}
	return macOf(to)
}

func (u *universe) hash(f model.Flow) uint32 {
	h, known := u.hashes[f]
	if !known {
		h = xdp.Hash(u.seed, u.services[f.Service], u.clients[f.Client])
		u.hashes[f] = h
	}
	return h
}

// model is the model of all this. take takes ports.
func (u *universe) model(room int, take func(f model.Flow, free []model.Port) model.Port) *model.Balancer {
	setup := model.Setup{
		Config: model.Config{Idle: idleTicks, Prepare: prepareTicks, Embryonic: longTicks, Closing: closingTicks, Room: room},
		Ports:  len(u.ports), FlowRoom: flowRoom, Take: take,
		Hash: u.hash,
		IsNeighbour: func(c model.Client, p model.Place) bool {
			return slices.ContainsFunc(u.shared, func(n netip.Prefix) bool {
				return n.Contains(u.clients[c].Addr()) && n.Contains(u.places[p].Addr())
			})
		},
	}
	for i, s := range u.services {
		one := model.Service{UDP: s.Protocol == dataplane.UDP, OneArm: s.Mode == dataplane.OneArm, Untracked: s.Untracked}
		for _, e := range s.Endpoints {
			one.Endpoints = append(one.Endpoints, u.place(netip.AddrPortFrom(e.Addr, e.Port)))
		}
		first := u.config().Services[i].Endpoints
		one.Rows = u.target(i, first, dataplane.TableSize(len(first)))
		setup.Services = append(setup.Services, one)
	}
	return model.NewBalancer(setup)
}

// change is a Config in which something differs from another one.
func (u *universe) change(dice *rand.Rand, c dataplane.Config) (changed dataplane.Config, of int) {
	c.Services = slices.Clone(c.Services)
	of = dice.IntN(len(c.Services))
	s := &c.Services[of]
	s.Endpoints = slices.Clone(s.Endpoints)
	for n := 1 + dice.IntN(2); n > 0; n-- {
		e := u.services[of].Endpoints[dice.IntN(len(u.services[of].Endpoints))]
		i := slices.IndexFunc(s.Endpoints, func(o dataplane.Endpoint) bool { return o.Addr == e.Addr })
		switch what := dice.IntN(5); {
		case i < 0:
			e.Weight = dice.IntN(4)
			s.Endpoints = append(s.Endpoints, e)
		case what == 0:
			s.Endpoints = slices.Delete(s.Endpoints, i, i+1)
		case what == 1:
			s.Endpoints[i].Weight = 0
		case what == 2:
			s.Endpoints[i].Down = !s.Endpoints[i].Down
		default:
			s.Endpoints[i].Weight = 1 + dice.IntN(4)
		}
	}
	return c, of
}

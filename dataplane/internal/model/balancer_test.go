package model

import "testing"

// plans are small enough to meet everything soon.
func plans() map[string]*plan {
	times := Config{Idle: 2, Prepare: 1, Embryonic: 1, Closing: 1, Room: 9}
	setup := func(change func(*Setup), services ...Service) Setup {
		s := Setup{
			Config: times, FlowRoom: 9, Services: services,
			Hash:        func(f Flow) uint32 { return uint32(f.Client)*0xa0000000 + uint32(f.Service)*0x50000000 },
			IsNeighbour: func(Client, Place) bool { return false },
			Take: func(_ Flow, free []Port) Port {
				if len(free) == 0 {
					return 0
				}
				return free[0]
			},
		}
		change(&s)
		return s
	}
	nothing := func(*Setup) {}
	ports := func(n int) func(*Setup) { return func(s *Setup) { s.Ports = n } }
	tcp := Service{Endpoints: []Place{1, 2}, Rows: []Endpoint{1, 2}}
	one := Service{Endpoints: []Place{1, 2}, Rows: []Endpoint{1}}
	arm, udp, direct := one, one, one
	arm.OneArm, udp.UDP, direct.Rows = true, true, []Endpoint{2}
	crowded := ports(2)
	hairpin := func(s *Setup) {
		s.Ports = 1
		s.IsNeighbour = func(c Client, p Place) bool { return c == 1 && p == 1 }
	}
	return map[string]*plan{
		"rows":             {setup: setup(nothing, tcp), clients: []Client{0, 1}},
		"rows, no room":    {setup: setup(func(s *Setup) { s.Room = 0 }, one), clients: []Client{0, 1}, only: []string{"open", "data", "reply", "set"}},
		"sizes":            {setup: setup(nothing, one), clients: []Client{0, 1}, sizes: []int{1, 2, 3}, only: []string{"open", "data", "reply", "resize", "set", "down"}},
		"one-arm":          {setup: setup(ports(2), arm), clients: []Client{0, 1, 2}},
		"one-arm, no room": {setup: setup(func(s *Setup) { crowded(s); s.FlowRoom = 1 }, arm), clients: []Client{0, 1}},
		"hairpin":          {setup: setup(hairpin, one), clients: []Client{0, 1}},
		"hairpin, changes": {setup: setup(hairpin, one), clients: []Client{1}, only: []string{"open", "data", "reply", "set", "evict"}},
		"shared places":    {setup: setup(ports(1), one, direct), clients: []Client{0}},
		"UDP":              {setup: setup(nothing, udp), clients: []Client{0, 1}},
		"one-arm UDP":      {setup: setup(ports(1), func() Service { s := arm; s.UDP = true; return s }()), clients: []Client{0, 1}},
		"direct":           {setup: setup(nothing, one), clients: []Client{0}, direct: true},
		"all": {setup: setup(func(s *Setup) { hairpin(s); s.Ports, s.Room, s.FlowRoom = 2, 1, 1 }, tcp, arm, udp, direct), clients: []Client{0, 1, 2},
			direct: true, sizes: []int{1, 2}},
	}
}

func TestBalancer(t *testing.T) {
	t.Parallel()
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			explore(t, p.site(), *states)
		})
	}
}

func TestBalancerWalks(t *testing.T) {
	t.Parallel()
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range *walks / 3 {
				wander(t, p.site(), uint64(seed), 100)
			}
		})
	}
}

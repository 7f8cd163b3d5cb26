package xdp_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/model"
)

var differential = flag.Duration("differential", 3*time.Second, "for how long the program is held against the model in each setting")

// The program decides as the model does, whatever packets, changes and time come
// in whatever order; what it sends has the right addresses, ports, hardware
// addresses and sums; what it drops has the model's reason.
func TestDifferential(t *testing.T) {
	for name, c := range map[string]struct {
		families []map[string]netip.Prefix
		room     int // for exceptions, of each family
		guarded  bool
	}{
		"everything":          {families: []map[string]netip.Prefix{networks4(), networks6()}, room: plenty},
		"little room":         {families: []map[string]netip.Prefix{networks4()}, room: 3},
		"little room, IPv6":   {families: []map[string]netip.Prefix{networks6()}, room: 3},
		"without CAP_PERFMON": {families: []map[string]netip.Prefix{networks4(), networks6()}, room: plenty, guarded: true},
	} {
		t.Run(name, func(t *testing.T) {
			seed := *seedFlag
			if seed == 0 {
				seed = uint64(time.Now().UnixNano())
			}
			d := &duel{desk: newDesk(t, times(c.room), c.guarded), universe: everything(seed, c.families...), dice: rand.New(rand.NewPCG(seed, 1)), room: c.room, probes: !c.guarded}
			require.NoError(t, d.host.Do(func() error { return d.fight(*differential) }), "seed %d", seed)
			t.Logf("%d packets: %v; %d changes, %d of them to a larger table, %d ticks", d.packets, d.verdicts, d.changes, d.grown, d.ticks)
		})
	}
}

var seedFlag = flag.Uint64("seed", 1, "of random tests; 0: another one each time")

// duel holds a program against a model.
type duel struct {
	*desk
	*universe
	dice   *rand.Rand
	model  *model.Balancer
	config dataplane.Config
	rows   []int // of each service
	counts map[string]uint64
	taken  model.Port   // that the program took for its packet
	free   []model.Port // when it did
	asked  bool
	last   model.Verdict
	trail  []string

	packets, changes, grown, ticks int
	room                           int
	probes                         bool // so many ports that it finds the last of a small range
	hot                            [8]model.Flow
	verdicts                       map[string]int
	down                           map[place]bool
}

// place is an endpoint of a service.
type place struct {
	service int
	addr    netip.Addr
}

func (d *duel) fight(duration time.Duration) (err error) {
	d.verdicts, d.down = make(map[string]int), make(map[place]bool)
	d.model = d.universe.model(d.room, func(_ model.Flow, free []model.Port) model.Port {
		d.asked, d.free = true, free
		return d.taken
	})
	d.config = d.universe.config()
	for _, s := range d.config.Services {
		d.rows = append(d.rows, dataplane.TableSize(len(s.Endpoints)))
	}
	if err := errors.Join(d.forwarder.Begin(d.config), d.forwarder.Survey(), d.idle(0)); err != nil {
		return err
	}
	if d.counts, err = d.forwarder.Counts(); err != nil {
		return err
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if err := d.step(); err != nil {
			return fmt.Errorf("%w, after %q", err, d.about())
		}
	}
	return nil
}

func (d *duel) note(format string, args ...any) {
	if d.trail = append(d.trail, fmt.Sprintf(format, args...)); len(d.trail) > 1000 {
		d.trail = slices.Clone(d.trail[900:])
	}
}

// about is what happened of late between the same ends, or to all.
func (d *duel) about() (all []string) {
	last := d.trail[len(d.trail)-1]
	for _, t := range d.trail {
		same := strings.Fields(t)[0] == "change" || t == "tick"
		for _, word := range strings.Fields(strings.ReplaceAll(last, ",", "")) {
			same = same || strings.Contains(word, ":") && strings.Contains(t, word)
		}
		if same {
			all = append(all, t)
		}
	}
	return all[max(0, len(all)-60):]
}

func (d *duel) step() error {
	switch n := d.dice.IntN(1000); {
	case n < 6:
		for range 1 + d.dice.IntN(4)*d.dice.IntN(2) { // so that some are silent for long
			if err := d.wait(); err != nil {
				return err
			}
		}
		return nil
	case n < 11:
		return d.alter()
	case n < 500:
		return d.fromClient()
	case n < 900:
		return d.fromEndpoint()
	case n < 920:
		return d.direct()
	}
	return d.icmpError()
}

// wait lets a tick pass, after which all rows are the same.
func (d *duel) wait() error {
	d.note("tick")
	d.ticks++
	d.model.Tick()
	if err := d.idle(tick); err != nil {
		return err
	}
	return d.compare()
}

// compare compares the rows of all clients of services whose rows decide.
func (d *duel) compare() error {
	for of, s := range d.services {
		for c, client := range d.clients {
			if client.Addr().Is4() != s.VIP.Is4() {
				continue
			}
			f := model.Flow{Client: model.Client(c), Service: of}
			now, before, state := d.model.Look(f)
			gotNow, gotBefore, gotState := d.forwarder.Look(s, d.hash(f))
			if gotNow != d.at(of, now) || s.Protocol == dataplane.TCP && s.Mode == dataplane.DNAT && (gotBefore != d.at(of, before) || gotState.String() != string(state)) {
				return fmt.Errorf("the row of %v in %v: %v, %v, %v; the model says %v, %v, %v", client, s, gotNow, gotBefore, gotState, d.at(of, now), d.at(of, before), state)
			}
		}
	}
	return nil
}

// alter changes a service in both.
func (d *duel) alter() error {
	changed, of := d.change(d.dice, d.config)
	s := changed.Services[of]
	d.note("change %v to %v", s, wished(s.Endpoints))
	d.changes++
	for i, own := range d.services[of].Endpoints {
		e := place{of, own.Addr}
		n := model.Endpoint(i + 1)
		down, drains := d.down[e], true // as it was when it was removed
		for _, is := range s.Endpoints {
			if is.Addr == own.Addr {
				down, drains = is.Down, is.Weight == 0
				d.down[e] = down
			}
		}
		d.model.Mark(of, n, down, drains)
	}
	if rows := dataplane.TableSize(len(s.Endpoints)); rows > d.rows[of] && d.model.Resize(of, d.target(of, s.Endpoints, rows)) {
		d.rows[of] = rows
		d.grown++
		for i := range d.hot { // of these some should show themselves now
			d.hot[i] = d.anyOf(of)
		}
	} else {
		d.model.Set(of, d.target(of, s.Endpoints, d.rows[of]))
	}
	had := d.config.Services[of].Endpoints
	d.config = changed
	if err := d.forwarder.Begin(changed); err != nil {
		return err
	}
	for _, e := range s.Endpoints {
		if !slices.ContainsFunc(had, func(o dataplane.Endpoint) bool { return o.Addr == e.Addr }) { // its next hop is to be found
			if err := d.forwarder.Survey(); err != nil {
				return err
			}
		}
	}
	d.model.Sweep()
	if err := d.idle(0); err != nil { // the model has no exception that agrees with its row
		return err
	}
	return d.compare()
}

func wished(endpoints []dataplane.Endpoint) (all []string) {
	for _, e := range endpoints {
		all = append(all, fmt.Sprintf("%v×%d down %v", e, e.Weight, e.Down))
	}
	return all
}

// flow is mostly one of a few, which change now and then: else each would get
// few packets.
func (d *duel) flow() model.Flow {
	i := d.dice.IntN(12)
	if i >= 8 {
		return d.any()
	}
	if d.hot[i] == (model.Flow{}) || d.dice.IntN(100) == 0 {
		d.hot[i] = d.any()
	}
	return d.hot[i]
}

// any is any client's of any service of its family.
func (d *duel) any() model.Flow { return d.anyOf(d.dice.IntN(len(d.services))) }

func (d *duel) anyOf(of int) model.Flow {
	for {
		c := d.dice.IntN(len(d.clients))
		if d.clients[c].Addr().Is4() == d.services[of].VIP.Is4() {
			return model.Flow{Client: model.Client(c), Service: of}
		}
	}
}

// flags are those of a packet, and what the model knows of them.
func (d *duel) flags(protocol dataplane.Protocol, of ...byte) (byte, model.Packet) {
	if protocol == dataplane.UDP {
		return 0, model.Packet{}
	}
	flags := of[d.dice.IntN(len(of))]
	return flags, model.Packet{SYN: flags == flagSYN, FIN: flags&flagFIN != 0, RST: flags&flagRST != 0}
}

// cause is a client's hardware address: the router's.
func cause() [6]byte { return [6]byte{2, 9, 9, 9, 9, 9} }

func (d *duel) fromClient() error {
	f := d.flow()
	s := d.services[f.Service]
	flags, p := d.flags(s.Protocol, flagSYN, flagSYN, flagACK, flagACK, flagACK, flagACK|flagFIN, flagRST, flagSYN|flagFIN, flagSYN|flagRST, flagSYN|flagACK)
	sent := segment{from: d.clients[f.Client], to: d.vip(f.Service), protocol: s.Protocol, flags: flags, ttl: 64, mac: cause(), payload: []byte("hello")}
	return d.send(sent, func(got packet, port model.Port) error {
		d.taken, d.asked = port, false
		v := d.model.Forward(f, p)
		if d.asked && port != 0 && !slices.Contains(d.free, port) {
			return fmt.Errorf("port %v is another flow's", d.ports[port-1])
		}
		if d.asked && port == 0 && d.probes && d.hasPool(f) {
			return errors.New("there are free ports")
		}
		return d.expect(v, f.Service, sent, got)
	})
}

// hasPool: a port is free of the range that the program takes this flow's from.
func (d *duel) hasPool(f model.Flow) bool {
	var own []netip.AddrPort
	for _, at := range d.ports {
		if at.Addr().Is4() == d.services[f.Service].VIP.Is4() {
			own = append(own, at)
		}
	}
	half := len(own) / 2
	if pool := own[:half]; d.hash(f)>>31 == 1 {
		own = own[half:]
	} else {
		own = pool
	}
	return slices.ContainsFunc(d.free, func(p model.Port) bool { return slices.Contains(own, d.ports[p-1]) })
}

func (d *duel) fromEndpoint() error {
	f := d.flow()
	s := d.services[f.Service]
	v := d.model.Error(f) // where it is now
	e := v.To
	if e == model.None || d.dice.IntN(5) == 0 {
		e, v.Port = model.Endpoint(1+d.dice.IntN(len(s.Endpoints))), model.Port(0)
	}
	from, to := d.at(f.Service, e), d.clients[f.Client]
	if v.Port != 0 {
		to = d.ports[v.Port-1]
	} else if d.dice.IntN(6) == 0 {
		to = d.ports[d.dice.IntN(len(d.ports))]
	}
	if to.Addr().Is4() != from.Addr().Is4() || to == d.clients[f.Client] && !d.isTold(f, from) {
		return nil
	}
	flags, p := d.flags(s.Protocol, flagSYN|flagACK, flagACK, flagACK, flagACK, flagACK|flagFIN, flagACK|flagFIN, flagRST, flagRST|flagACK)
	sent := segment{from: from, to: to, protocol: s.Protocol, flags: flags, ttl: 64, mac: macOf(from.Addr()), payload: []byte("answer")}
	return d.send(sent, func(got packet, _ model.Port) error {
		var v model.Verdict
		if port := slices.Index(d.ports, to); port >= 0 {
			v = d.model.ReplyToPort(d.place(from), s.Protocol == dataplane.UDP, model.Port(port+1), p)
		} else {
			v = d.model.Reply(d.place(from), s.Protocol == dataplane.UDP, f.Client, p)
		}
		return d.expect(v, f.Service, sent, got)
	})
}

// isTold: it is known which service's packet it is that an endpoint sends to a
// client's own address. If several are there, any of them may claim it.
func (d *duel) isTold(f model.Flow, from netip.AddrPort) bool {
	own := d.services[f.Service]
	for i, s := range d.services {
		if i != f.Service && s.Endpoints[0] == own.Endpoints[0] && s.Protocol == own.Protocol {
			return d.model.Returns(d.place(from), own.Protocol == dataplane.UDP, f.Client)
		}
	}
	return true
}

// direct is a client's packet to an endpoint of a service as it is now.
func (d *duel) direct() error {
	f := d.flow()
	s := d.config.Services[f.Service]
	if len(s.Endpoints) == 0 || s.Mode != dataplane.DNAT || d.dice.IntN(4) > 0 {
		return nil
	}
	e := s.Endpoints[d.dice.IntN(len(s.Endpoints))]
	to := netip.AddrPortFrom(e.Addr, e.Port)
	flags, _ := d.flags(s.Protocol, flagSYN, flagACK)
	sent := segment{from: d.clients[f.Client], to: to, protocol: s.Protocol, flags: flags, ttl: 64, mac: cause()}
	return d.send(sent, func(got packet, _ model.Port) error {
		return d.expect(d.model.Direct(f.Client, d.place(to), s.Protocol == dataplane.UDP), f.Service, sent, got)
	})
}

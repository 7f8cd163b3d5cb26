package xdp_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/model"
)

var moved = flag.Duration("moved", 5*time.Second, "for how long endpoints change below live connections")

// Endpoints come, drain, die, return and change weight, in any order and while
// earlier changes are under way: no connection whose endpoint lives and that is
// not silent for longer than the idle timeout is moved, and each answer reaches
// its client as if from the VIP. The model has no part in this.
func TestNoConnectionIsMoved(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	u := everything(seed, networks4(), networks6())
	w := &watch{desk: newDesk(t, times(plenty), false), universe: u, dice: rand.New(rand.NewPCG(seed, 3)), live: make(map[model.Flow]*connection), config: u.config()}
	require.NoError(t, w.host.Do(func() error { return w.all(*moved) }), "seed %d", seed)
	t.Logf("%d connections had %d packets, %d changes, %d ticks; %d ended, %d died with their endpoint, %d found no place",
		w.begun, w.packets, w.changes, w.ticks, w.ended, w.died, w.refused)
	require.NotZero(t, w.ended)
}

// watch has live connections, each of which has something to say before it was
// silent for too long.
type watch struct {
	*desk
	*universe
	dice   *rand.Rand
	config dataplane.Config
	live   map[model.Flow]*connection

	begun, ended, died, refused, packets, changes, ticks int
}

// connection is one that its endpoint knows.
type connection struct {
	client, vip netip.AddrPort
	protocol    dataplane.Protocol
	endpoint    netip.AddrPort
	seenAs      netip.AddrPort // by the endpoint
	silent      int            // ticks
	left        int            // packets that it still has to send
}

func (w *watch) all(duration time.Duration) error {
	if err := errors.Join(w.forwarder.Begin(w.config), w.forwarder.Survey()); err != nil {
		return err
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if err := w.tick(); err != nil {
			return fmt.Errorf("%w, at tick %d", err, w.ticks)
		}
	}
	return nil
}

// tick is a tick of changes and packets in any order.
func (w *watch) tick() error {
	w.ticks++
	if err := w.idle(tick); err != nil {
		return err
	}
	for _, c := range w.live {
		c.silent++
	}
	for range w.dice.IntN(4) {
		if err := w.alter(); err != nil {
			return err
		}
		if err := w.talk(); err != nil {
			return err
		}
	}
	return w.talk()
}

func (w *watch) alter() error {
	w.changes++
	had := w.config
	w.config, _ = w.change(w.dice, w.config)
	if err := w.forwarder.Begin(w.config); err != nil {
		return err
	}
	for f, c := range w.live {
		was, is := endpointAt(had.Services[f.Service], c.endpoint), endpointAt(w.config.Services[f.Service], c.endpoint)
		if is.Down && !was.Down { // it died
			delete(w.live, f)
			w.died++
		}
	}
	return w.forwarder.Survey()
}

func endpointAt(s dataplane.Service, where netip.AddrPort) dataplane.Endpoint {
	i := slices.IndexFunc(s.Endpoints, func(e dataplane.Endpoint) bool { return at(e.Addr, e.Port) == where })
	if i < 0 {
		return dataplane.Endpoint{}
	}
	return s.Endpoints[i]
}

// talk lets some connections say something, those first that must, and begins
// others.
func (w *watch) talk() error {
	for f, c := range w.live {
		if c.silent < idleTicks && w.dice.IntN(4) > 0 {
			continue
		}
		if err := w.say(c, flagACK); err != nil {
			return err
		}
		if c.left--; c.left > 0 {
			continue
		}
		if err := w.finish(c); err != nil {
			return err
		}
		delete(w.live, f)
		w.ended++
	}
	for range 12 {
		if err := w.begin(); err != nil {
			return err
		}
	}
	return nil
}

// begin begins a connection, and has it answered.
func (w *watch) begin() error {
	f := model.Flow{Client: model.Client(w.dice.IntN(len(w.clients))), Service: w.dice.IntN(len(w.services))}
	s := w.services[f.Service]
	client := w.clients[f.Client]
	if w.live[f] != nil || client.Addr().Is4() != s.VIP.Is4() || s.Untracked {
		return nil
	}
	c := &connection{client: client, vip: w.vip(f.Service), protocol: s.Protocol, left: 2 + w.dice.IntN(30)}
	got, err := w.send(segment{from: c.client, to: c.vip, protocol: c.protocol, flags: flagSYN, ttl: 64, mac: cause()})
	if err != nil {
		return err
	}
	if got == nil {
		w.refused++
		return nil
	}
	c.endpoint, c.seenAs = got.to, got.from
	if endpointAt(w.config.Services[f.Service], c.endpoint).Down {
		return fmt.Errorf("%v goes to %v, which is down", c.client, c.endpoint)
	}
	w.begun++
	w.live[f] = c
	if err := w.answer(c, flagSYN|flagACK); err != nil {
		return err
	}
	return w.say(c, flagACK)
}

// say sends a packet of the client's.
func (w *watch) say(c *connection, flags byte) error {
	got, err := w.send(segment{from: c.client, to: c.vip, protocol: c.protocol, flags: flags, ttl: 64, mac: cause()})
	switch {
	case err != nil:
		return err
	case got == nil:
		return fmt.Errorf("a packet of the connection %v is lost", c)
	case got.to != c.endpoint || got.from != c.seenAs:
		return fmt.Errorf("the connection %v is moved: %v", c, got)
	}
	c.silent = 0
	if w.dice.IntN(2) == 0 {
		return w.answer(c, flagACK)
	}
	return nil
}

// answer sends a packet of the endpoint's.
func (w *watch) answer(c *connection, flags byte) error {
	got, err := w.send(segment{from: c.endpoint, to: c.seenAs, protocol: c.protocol, flags: flags, ttl: 64, mac: macOf(c.endpoint.Addr())})
	switch {
	case err != nil:
		return err
	case got == nil:
		return fmt.Errorf("an answer on the connection %v is lost", c)
	case got.from != c.vip || got.to != c.client:
		return fmt.Errorf("an answer on the connection %v went astray: %v", c, got)
	}
	return nil
}

// finish ends a connection: either side first, or the endpoint at once.
func (w *watch) finish(c *connection) error {
	switch w.dice.IntN(3) {
	case 0:
		return errors.Join(w.say(c, flagFIN|flagACK), w.answer(c, flagFIN|flagACK))
	case 1:
		return errors.Join(w.answer(c, flagFIN|flagACK), w.say(c, flagFIN|flagACK))
	}
	return w.answer(c, flagRST)
}

// send runs the program on a packet; nil: it was dropped.
func (w *watch) send(s segment) (*segment, error) {
	w.packets++
	verdict, out, err := w.run(s.frame())
	if err != nil {
		return nil, err
	}
	if verdict != xdpTX && verdict != xdpRedirect {
		return nil, nil
	}
	p, err := parse(out)
	if err != nil {
		return nil, err
	}
	got := p.segment()
	return &got, nil
}

func (c *connection) String() string {
	return fmt.Sprintf("%v %v to %v at %v, which sees %v, silent for %d ticks", c.protocol, c.client, c.vip, c.endpoint, c.seenAs, c.silent)
}

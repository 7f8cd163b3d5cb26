package xdp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/model"
)

// quote is an ICMP error and the packet that it is about.
type quote struct {
	from, to netip.Addr
	about    segment
}

func (q quote) String() string {
	return fmt.Sprintf("%v to %v, about %v %v to %v", q.from, q.to, q.about.protocol, q.about.from, q.about.to)
}

// frame is the message: that a packet is too big.
func (q quote) frame(mac [6]byte) []byte {
	inner := ipPacket(q.about.from.Addr(), q.about.to.Addr(), byte(q.about.protocol), 7, q.about.transport()[:8])
	body := append([]byte{3, 4, 0, 0, 0, 0, 5, 0}, inner...)
	protocol := byte(protoICMP)
	if q.from.Is6() {
		body[0], body[1], protocol = 2, 0, protoICMPv6
		binary.BigEndian.PutUint16(body[2:], ^pseudo(q.from, q.to, protocol, body))
	} else {
		binary.BigEndian.PutUint16(body[2:], ^sum(0, body))
	}
	return ether(mac, q.from, ipPacket(q.from, q.to, protocol, 64, body))
}

// quoteOf reads a message. Its sums were found right; the quoted header's has to
// be, too.
func quoteOf(p packet) (q quote, err error) {
	q = quote{from: p.from, to: p.to}
	b := p.body[icmpLen:]
	var from, to netip.Addr
	if p.from.Is4() {
		if sum(0, b[:ip4Len]) != 0xffff {
			return q, errors.New("wrong sum of the quoted header")
		}
		from, to = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		q.about.protocol, b = dataplane.Protocol(b[9]), b[ip4Len:]
	} else {
		from, to = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		q.about.protocol, b = dataplane.Protocol(b[6]), b[ip6Len:]
	}
	q.about.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b))
	q.about.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
	return q, nil
}

// icmpError is an error message by a router or by one of the ends, about what an
// endpoint has sent to a client or the other way.
func (d *duel) icmpError() error {
	f := d.flow()
	s := d.services[f.Service]
	is := d.model.Error(f)
	nets := networks4()
	if s.VIP.Is6() {
		nets = networks6()
	}
	q := quote{about: segment{protocol: s.Protocol}}
	want, v := q, is
	if d.dice.IntN(2) == 0 { // what the VIP sent could not reach the client
		q.about.from, q.about.to = d.vip(f.Service), d.clients[f.Client]
		q.from, q.to = in(nets["front"], routerHost), s.VIP
		want = q
		if v.To != model.None {
			want.about.from = d.at(f.Service, v.To)
			want.to = want.about.from.Addr()
			if v.Port != 0 {
				want.about.to = d.ports[v.Port-1]
			}
		}
		return d.sendQuote(q, want, v, d.nextHop(want.to))
	}
	e := v.To
	if e == model.None || d.dice.IntN(5) == 0 {
		e = model.Endpoint(1 + d.dice.IntN(len(s.Endpoints)))
	}
	q.about.from, q.about.to = d.clients[f.Client], d.at(f.Service, e)
	if v.Port != 0 {
		q.about.from = d.ports[v.Port-1]
	}
	q.from, q.to = in(nets["back2"], routerHost), q.about.from.Addr()
	if d.dice.IntN(2) == 0 {
		q.from = q.about.to.Addr() // the endpoint itself says so
	}
	way := cause()
	if port := slices.Index(d.ports, q.about.from); port >= 0 {
		v = d.model.ErrorAtPort(d.place(q.about.to), s.Protocol == dataplane.UDP, model.Port(port+1))
	} else {
		if !d.isTold(f, q.about.to) {
			return nil
		}
		v = d.model.ErrorAbout(d.place(q.about.to), s.Protocol == dataplane.UDP, f.Client)
		way = d.nextHop(q.to)
	}
	want = q
	if v.Answers != nil {
		want.about.from, want.about.to = d.clients[v.Answers.Client], d.vip(v.Answers.Service)
		if want.to = want.about.from.Addr(); q.from == q.about.to.Addr() {
			want.from = want.about.to.Addr()
		}
	}
	return d.sendQuote(q, want, v, way)
}

func (d *duel) sendQuote(q, want quote, v model.Verdict, way [6]byte) error {
	frame := q.frame(cause())
	d.note("error by %v about %v to %v", q.from, q.about.from, q.about.to)
	d.packets++
	verdict, out, err := d.run(frame)
	if err != nil {
		return err
	}
	d.last = v
	switch verdict {
	case xdpTX, xdpRedirect:
		p, err := parse(out)
		if err != nil {
			return fmt.Errorf("%w: %v for %v", err, q, v)
		}
		got, err := quoteOf(p)
		if err != nil {
			return err
		}
		if got.String() != want.String() || p.mac != way || p.ttl != 63 {
			return fmt.Errorf("the error is %v, by %x; not %v, by %x, for %v", got, p.mac, want, way, v)
		}
	case xdpPass:
		if !bytes.Equal(out, frame) {
			return errors.New("what is left to the host is not what came")
		}
	}
	return d.account(verdict)
}

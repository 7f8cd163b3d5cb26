package xdp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A frame leaves with the tag of the VLAN that it leaves by, whatever it came with.
// There need be no VLAN interface for this.
func TestTags(t *testing.T) {
	u := everything(7, networks4(), networks6())
	d := newDesk(t, times(plenty), false)
	require.NoError(t, d.host.Do(func() error { return errors.Join(d.forwarder.Begin(u.config()), d.forwarder.Survey()) }))
	for _, vlan := range []uint16{0, 7} {
		for name, tag := range map[string][]byte{"untagged": nil, "VLAN 5": {0x81, 0, 0x60, 5}, "priority": {0x81, 0, 0x60, 0}} {
			t.Run(fmt.Sprintf("%s to %d", name, vlan), func(t *testing.T) {
				require.NoError(t, d.host.Do(func() error { return d.tags(u, vlan, tag) }))
			})
		}
	}
}

// tags sends a packet of each service of TCP in DNAT mode, and has it answered.
func (d *desk) tags(u *universe, vlan uint16, tag []byte) error {
	for i, s := range u.services {
		if s.Endpoints[0].Port != 8081 {
			continue
		}
		if err := d.forwarder.Tag(s, d.device, vlan); err != nil {
			return err
		}
		client := u.clients[slices.IndexFunc(u.clients, func(c netip.AddrPort) bool {
			return c.Addr().Is4() == s.VIP.Is4() && !slices.ContainsFunc(u.shared, func(n netip.Prefix) bool { return n.Contains(c.Addr()) })
		})] // beyond the front
		p, err := d.tagged(segment{from: client, to: u.vip(i), protocol: s.Protocol, flags: flagSYN, ttl: 64, mac: cause(), payload: []byte("hello")}, vlan, tag)
		if err != nil {
			return err
		}
		answer := segment{from: p.to, to: p.from, protocol: s.Protocol, flags: flagSYN | flagACK, ttl: 64, mac: macOf(p.to.Addr()), payload: []byte("answer")}
		if p, err = d.tagged(answer, vlan, tag); err != nil {
			return err
		}
		if p.from != u.vip(i) || p.to != client {
			return fmt.Errorf("answered as %v", p)
		}
	}
	return nil
}

// tagged runs the program on a segment with a tag, and takes that off which it has
// then.
func (d *desk) tagged(s segment, vlan uint16, tag []byte) (segment, error) {
	verdict, out, err := d.run(slices.Insert(s.frame(), 12, tag...))
	if err != nil {
		return segment{}, err
	}
	if verdict != xdpTX && verdict != xdpRedirect {
		return segment{}, fmt.Errorf("verdict %d", verdict)
	}
	if vlan != 0 {
		if binary.BigEndian.Uint16(out[12:]) != 0x8100 || binary.BigEndian.Uint16(out[14:])&0xfff != vlan {
			return segment{}, fmt.Errorf("sent with tag %x", out[12:16])
		}
		out = slices.Delete(bytes.Clone(out), 12, 16)
	}
	p, err := parse(out)
	if err != nil {
		return segment{}, err
	}
	if got := p.segment(); bytes.Equal(got.payload, s.payload) {
		return got, nil
	}
	return segment{}, errors.New("sent with another payload")
}

package xdp_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
)

// Whatever the sum of a packet is, that of what is made of it is right: zero, which
// means none in UDP, is sent as its complement (RFC 768).
func TestDifferentialSums(t *testing.T) {
	u := everything(7, networks4(), networks6())
	d := newDesk(t, times(plenty), false)
	require.NoError(t, d.host.Do(func() error {
		if err := errors.Join(d.forwarder.Begin(u.config()), d.forwarder.Survey()); err != nil {
			return err
		}
		for i, s := range u.services {
			if s.Untracked || s.Mode == dataplane.DNAT && s.Endpoints[0].Port == 8081 { // of each protocol and family one
				if err := d.sums(u, i); err != nil {
					return fmt.Errorf("%v: %w", s, err)
				}
			}
		}
		return nil
	}))
}

// sums sends packets of all sums that there are.
func (d *desk) sums(u *universe, of int) error {
	s := u.services[of]
	nets := networks4()
	if s.VIP.Is6() {
		nets = networks6()
	}
	out := segment{from: at(in(nets["far"], 1), 1000), to: u.vip(of), protocol: s.Protocol, flags: flagACK, ttl: 64, mac: cause(), payload: make([]byte, 2)}
	for word := range 1 << 16 {
		binary.BigEndian.PutUint16(out.payload, uint16(word))
		verdict, frame, err := d.run(out.frame())
		if err != nil {
			return err
		}
		if verdict != xdpTX && verdict != xdpRedirect {
			return fmt.Errorf("verdict %d", verdict)
		}
		if _, err := parse(frame); err != nil {
			return fmt.Errorf("payload %x: %w", word, err)
		}
	}
	return nil
}

package xdp

import (
	"encoding/binary"
	"net/netip"

	"github.com/regent-ha/regent/dataplane"
)

// address4 and address6 are addresses as the program has them.
func address4(w uint32) netip.Addr {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], w)
	return netip.AddrFrom4(b)
}

func address6(w [4]uint32) netip.Addr {
	var b [16]byte
	for i, x := range w {
		binary.NativeEndian.PutUint32(b[4*i:], x)
	}
	return netip.AddrFrom16(b)
}

func (k balanceKey4) service() serviceKey {
	return serviceKey{address4(k.Target), networkOrder(k.TargetPort), dataplane.Protocol(k.Protocol)}
}

func (k balanceKey4) client() (netip.Addr, uint16) {
	return address4(k.Source), networkOrder(k.SourcePort)
}

func (k balanceKey6) service() serviceKey {
	return serviceKey{address6(k.Target), networkOrder(k.TargetPort), dataplane.Protocol(k.Protocol)}
}

func (k balanceKey6) client() (netip.Addr, uint16) {
	return address6(k.Source), networkOrder(k.SourcePort)
}

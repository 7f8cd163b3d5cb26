package traffic

import (
	"encoding/binary"
	"net"
	"net/netip"
)

// Frame is one TCP segment from an address to another.
func Frame(from, to netip.AddrPort, flags Flags, source, destination net.HardwareAddr) []byte {
	frame := append(append(make([]byte, 0, 80), destination...), source...)
	addresses := append(from.Addr().AsSlice(), to.Addr().AsSlice()...)
	if to.Addr().Is4() {
		frame = append(frame, 8, 0, 0x45, 0, 0, v4+tcp, 0, 0, 0x40, 0, ttl, 6, 0, 0)
		frame = append(frame, addresses...)
		binary.NativeEndian.PutUint16(frame[ethernet+10:], ^folded(sum(frame[ethernet:])))
	} else {
		frame = append(frame, 0x86, 0xdd, 0x60, 0, 0, 0, 0, tcp, 6, ttl)
		frame = append(frame, addresses...)
	}
	start := len(frame)
	frame = binary.BigEndian.AppendUint16(frame, from.Port())
	frame = segment(frame, to.Port(), flags)
	frame = append(frame, 0, 0, 0, 0) // checksum, urgent pointer
	binary.NativeEndian.PutUint16(frame[start+16:], ^folded(sum(addresses)+sum(frame[start:])+sum([]byte{0, 6 + tcp})))
	return append(frame, make([]byte, max(least-len(frame), 0))...)
}

// segment appends a TCP header from the destination port to the window.
func segment(frame []byte, port uint16, flags Flags) []byte {
	frame = binary.BigEndian.AppendUint16(frame, port)
	frame = append(frame, 0, 0, 0, 1, 0, 0, 0, 1, tcp/4<<4, byte(flags))
	return binary.BigEndian.AppendUint16(frame, window)
}

// sum adds the 16-bit words as they are in memory.
func sum(b []byte) (s uint64) {
	for i := 0; i < len(b); i += 2 {
		s += uint64(binary.NativeEndian.Uint16(b[i:]))
	}
	return s
}

// folded makes one word of a sum.
func folded(s uint64) uint16 {
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// Ends are the source and the destination of a TCP segment in a frame without
// options.
func Ends(frame []byte) (source, destination netip.AddrPort) {
	start, first, size := ethernet+v6, ethernet+8, 16
	if frame[12] == 8 {
		start, first, size = ethernet+v4, ethernet+12, 4
	}
	addr := func(at int) netip.Addr {
		a, _ := netip.AddrFromSlice(frame[at : at+size])
		return a
	}
	return netip.AddrPortFrom(addr(first), binary.BigEndian.Uint16(frame[start:])),
		netip.AddrPortFrom(addr(first+size), binary.BigEndian.Uint16(frame[start+2:]))
}

package traffic

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
)

// Stream says which frames a Generator makes: TCP segments without payload,
// from many clients to one port of one or more VIPs in a row.
type Stream struct {
	// Client is the first client's address. Clients use 65536 of them.
	Client netip.Addr
	// VIP is the first VIP, of VIPs (0 = 1). Each flow has one of them.
	VIP  netip.Addr
	VIPs int
	Port uint16
	// Flows is how many there are, up to 2³¹.
	Flows int
	// Skip is how many flows are left out at the beginning, to come last.
	Skip int
	// Flags of each segment.
	Flags Flags
	// From and To are the MAC addresses.
	From, To net.HardwareAddr
}

// Flags are TCP's.
type Flags uint8

// What a Stream is made of.
const (
	SYN Flags = 0x02
	ACK Flags = 0x10
)

// layout is struct stream of generator.c.
type layout struct {
	Frame        [80]byte
	NetworkSum   uint64
	TransportSum uint64
	Client       uint32
	VIP          uint32
	Flows        uint32
	Stride       uint32
	VIPs         uint32
	At           uint32
}

const (
	ethernet = 14
	v4, v6   = 20, 40
	tcp      = 20
	ttl      = 64
	window   = 1024
	// least is the shortest frame, without its checksum.
	least = 60
)

// layout is what the program is told, and the length of a frame.
func (s Stream) layout() (layout, int, error) {
	if s.Client.Is4() != s.VIP.Is4() {
		return layout{}, 0, errors.New("client and VIP are of different families")
	}
	l := layout{Client: tail(s.Client), VIP: tail(s.VIP), Flows: uint32(s.Flows), Stride: stride(s.Flows), VIPs: uint32(max(s.VIPs, 1))}
	l.At = uint32(uint64(s.Skip) * uint64(l.Stride) % uint64(l.Flows))
	frame := l.Frame[:0]
	frame = append(frame, s.To...)
	frame = append(frame, s.From...)
	if s.VIP.Is4() {
		frame = append(frame, 8, 0, 0x45, 0, 0, v4+tcp, 0, 0, 0x40, 0, ttl, 6)
		l.NetworkSum = sum(frame[ethernet:])
		frame = append(frame, make([]byte, 10)...) // checksum and addresses
	} else {
		frame = append(frame, 0x86, 0xdd, 0x60, 0, 0, 0, 0, tcp, 6, ttl)
		frame = append(frame, s.Client.AsSlice()...)
		frame = append(frame, s.VIP.AsSlice()...)
		clear(frame[len(frame)-4:])
		clear(frame[len(frame)-20 : len(frame)-16])
		l.TransportSum = sum(frame[ethernet+8:]) // all but the tails of the addresses
	}
	start := len(frame)
	frame = segment(append(frame, 0, 0), s.Port, s.Flags)
	l.TransportSum += sum(frame[start:]) + sum([]byte{0, 6 + tcp}) // protocol and length
	return l, max(start+tcp, least), nil
}

// tail is the last four bytes of an address.
func tail(a netip.Addr) uint32 {
	b := a.AsSlice()
	return binary.BigEndian.Uint32(b[len(b)-4:])
}

// stride is near to the golden section of n, and has no divisor in common with
// it: so its multiples are all flows.
func stride(n int) uint32 {
	for s := uint32(float64(n) * 0.618034); s > 1; s-- {
		if gcd(s, uint32(n)) == 1 {
			return s
		}
	}
	return 1
}

func gcd(a, b uint32) uint32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

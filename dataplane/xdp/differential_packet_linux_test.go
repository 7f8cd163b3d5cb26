package xdp_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/regent-ha/regent/dataplane"
)

// segment is a TCP or UDP packet.
type segment struct {
	from, to netip.AddrPort
	protocol dataplane.Protocol
	flags    byte // of TCP
	ttl      byte
	mac      [6]byte // the frame's source, or, of one that the program sends, its destination
	payload  []byte
}

func (s segment) String() string {
	return fmt.Sprintf("%v %v to %v, flags %#x, TTL %d, hardware address %x, %q", s.protocol, s.from, s.to, s.flags, s.ttl, s.mac, s.payload)
}

// Flags of TCP.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

const (
	etherLen = 14
	ip4Len   = 20
	ip6Len   = 40
	tcpLen   = 20
	udpLen   = 8
	icmpLen  = 8

	protoICMP   = 1
	protoICMPv6 = 58
)

// frame is the segment in an Ethernet frame, with sums that are right.
func (s segment) frame() []byte {
	return ether(s.mac, s.from.Addr(), ipPacket(s.from.Addr(), s.to.Addr(), byte(s.protocol), s.ttl, s.transport()))
}

// transport is the segment without its IP header.
func (s segment) transport() []byte {
	var b []byte
	at := 6
	if s.protocol == dataplane.TCP {
		b, at = make([]byte, tcpLen, tcpLen+len(s.payload)), 16
		b[12], b[13] = tcpLen/4<<4, s.flags
	} else {
		b = make([]byte, udpLen, udpLen+len(s.payload))
		binary.BigEndian.PutUint16(b[4:], uint16(udpLen+len(s.payload)))
	}
	binary.BigEndian.PutUint16(b, s.from.Port())
	binary.BigEndian.PutUint16(b[2:], s.to.Port())
	b = append(b, s.payload...)
	sum := ^pseudo(s.from.Addr(), s.to.Addr(), byte(s.protocol), b)
	if sum == 0 && s.protocol == dataplane.UDP {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[at:], sum)
	return b
}

// ether puts an IP packet in a frame.
func ether(mac [6]byte, family netip.Addr, packet []byte) []byte {
	b := append(make([]byte, 6, etherLen+len(packet)), mac[:]...)
	if family.Is4() {
		return append(append(b, 0x08, 0x00), packet...)
	}
	return append(append(b, 0x86, 0xdd), packet...)
}

// ipPacket puts a payload in an IP packet.
func ipPacket(from, to netip.Addr, protocol, ttl byte, payload []byte) []byte {
	if from.Is4() {
		b := make([]byte, ip4Len, ip4Len+len(payload))
		b[0], b[8], b[9] = 0x45, ttl, protocol
		binary.BigEndian.PutUint16(b[2:], uint16(ip4Len+len(payload)))
		copy(b[12:], from.AsSlice())
		copy(b[16:], to.AsSlice())
		binary.BigEndian.PutUint16(b[10:], ^sum(0, b))
		return append(b, payload...)
	}
	b := make([]byte, ip6Len, ip6Len+len(payload))
	b[0], b[6], b[7] = 0x60, protocol, ttl
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	copy(b[8:], from.AsSlice())
	copy(b[24:], to.AsSlice())
	return append(b, payload...)
}

// sum is the sum of RFC 1071, before it is inverted.
func sum(of uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		of += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) > 0 {
		of += uint32(b[0]) << 8
	}
	for of > 0xffff {
		of = of&0xffff + of>>16
	}
	return uint16(of)
}

// pseudo is the sum of a transport's header and payload, and of the addresses
// (RFC 9293 section 3.1, RFC 8200 section 8.1).
func pseudo(from, to netip.Addr, protocol byte, b []byte) uint16 {
	of := uint32(protocol) + uint32(len(b))
	of = uint32(sum(of, from.AsSlice()))
	return sum(uint32(sum(of, to.AsSlice())), b)
}

// packet is an IP packet, as far as the tests look at it.
type packet struct {
	mac      [6]byte // where its frame goes
	from, to netip.Addr
	protocol byte
	ttl      byte
	body     []byte // behind the IP header
}

// parse takes a frame apart whose IP header has no options. Its sums have to be
// right.
func parse(frame []byte) (p packet, err error) {
	if len(frame) < etherLen+ip4Len {
		return p, fmt.Errorf("frame of %d bytes", len(frame))
	}
	p.mac = [6]byte(frame)
	b := frame[etherLen:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if sum(0, b[:ip4Len]) != 0xffff {
			return p, errors.New("wrong sum of the IP header")
		}
		p.from, p.to = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		p.ttl, p.protocol, p.body = b[8], b[9], b[ip4Len:binary.BigEndian.Uint16(b[2:])]
	case 0x86dd:
		p.from, p.to = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		p.protocol, p.ttl, p.body = b[6], b[7], b[ip6Len:ip6Len+binary.BigEndian.Uint16(b[4:])]
	default:
		return p, fmt.Errorf("ethertype %x", frame[12:14])
	}
	return p, p.check()
}

// check checks the sum of what is in the IP packet.
func (p packet) check() error {
	got := pseudo(p.from, p.to, p.protocol, p.body)
	switch p.protocol {
	case protoICMP:
		got = sum(0, p.body)
	case byte(dataplane.UDP):
		if p.body[6] == 0 && p.body[7] == 0 {
			return errors.New("no sum of UDP, which all were sent with")
		}
	}
	if got != 0xffff {
		return fmt.Errorf("wrong sum of protocol %d: %x", p.protocol, got)
	}
	return nil
}

// segment is the packet as TCP or UDP.
func (p packet) segment() segment {
	s := segment{
		from: netip.AddrPortFrom(p.from, binary.BigEndian.Uint16(p.body)), to: netip.AddrPortFrom(p.to, binary.BigEndian.Uint16(p.body[2:])),
		protocol: dataplane.Protocol(p.protocol), ttl: p.ttl, mac: p.mac,
	}
	if s.protocol == dataplane.TCP {
		s.flags, s.payload = p.body[13], p.body[tcpLen:]
	} else {
		s.payload = p.body[udpLen:]
	}
	return s
}

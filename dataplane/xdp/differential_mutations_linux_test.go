package xdp_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// mutation makes a frame odd.
type mutation struct {
	name  string
	apply func(*rand.Rand, []byte) []byte
}

func mutations() []mutation {
	return []mutation{
		{"cut", func(dice *rand.Rand, b []byte) []byte { return b[:min(len(b), etherLen+dice.IntN(len(b)))] }},
		{"longer", func(dice *rand.Rand, b []byte) []byte { return append(b, make([]byte, dice.IntN(60))...) }},
		{"bytes", func(dice *rand.Rand, b []byte) []byte {
			for range 1 + dice.IntN(3) {
				b[dice.IntN(len(b))] = byte(dice.Uint32())
			}
			return b
		}},
		{"header bits", func(dice *rand.Rand, b []byte) []byte {
			b[min(len(b)-1, 12+dice.IntN(60))] ^= 1 << dice.IntN(8)
			return b
		}},
		{"length", atIP(func(dice *rand.Rand, b []byte) []byte {
			at := 2
			if b[0]>>4 == 6 {
				at = 4
			}
			binary.BigEndian.PutUint16(b[at:], uint16(dice.IntN(1<<(4+dice.IntN(13)))))
			return resum(b)
		})},
		{"TTL", atIP(func(dice *rand.Rand, b []byte) []byte {
			at := 8
			if b[0]>>4 == 6 {
				at = 7
			}
			b[at] = byte(dice.IntN(3))
			return resum(b)
		})},
		{"fragment", atIP(fragment)},
		{"options", atIP(options)},
		{"no UDP sum", atIP(func(_ *rand.Rand, b []byte) []byte {
			if b[0]>>4 == 4 && b[9] == 17 && len(b) >= ip4Len+udpLen {
				b[ip4Len+6], b[ip4Len+7] = 0, 0
			}
			return b
		})},
		{"tag", func(dice *rand.Rand, b []byte) []byte {
			tag := []byte{0x81, 0, byte(dice.IntN(16)), byte(dice.IntN(2))}
			if dice.IntN(4) == 0 {
				tag[0], tag[1] = 0x88, 0xa8
			}
			return slices.Insert(b, 12, tag...)
		}},
		{"group", func(_ *rand.Rand, b []byte) []byte { b[0] |= 1; return b }},
	}
}

// atIP applies a mutation to the IP packet of an untagged frame.
func atIP(apply func(*rand.Rand, []byte) []byte) func(*rand.Rand, []byte) []byte {
	return func(dice *rand.Rand, b []byte) []byte {
		kind := binary.BigEndian.Uint16(b[12:])
		is4 := kind == 0x0800 && len(b) >= etherLen+ip4Len && b[etherLen]>>4 == 4
		is6 := kind == 0x86dd && len(b) >= etherLen+ip6Len && b[etherLen]>>4 == 6
		if !is4 && !is6 {
			return b
		}
		return append(slices.Clone(b[:etherLen]), apply(dice, slices.Clone(b[etherLen:]))...)
	}
}

// resum mends the sum of an IPv4 header.
func resum(b []byte) []byte {
	if n := 4 * int(b[0]&15); b[0]>>4 == 4 && n >= ip4Len && n <= len(b) {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], ^sum(0, b[:n]))
	}
	return b
}

func fragment(dice *rand.Rand, b []byte) []byte {
	if b[0]>>4 == 4 {
		binary.BigEndian.PutUint16(b[6:], uint16(dice.IntN(1<<16)))
		return resum(b)
	}
	return extend(b, 44, make([]byte, 8))
}

// options gives an IPv4 header options, and an IPv6 header extensions.
func options(dice *rand.Rand, b []byte) []byte {
	if b[0]>>4 == 4 {
		words := dice.IntN(11)
		if b[0]&15 != 5 {
			return b
		}
		b = slices.Insert(b, ip4Len, slices.Repeat([]byte{1}, 4*words)...)
		b[0] += byte(words)
		binary.BigEndian.PutUint16(b[2:], binary.BigEndian.Uint16(b[2:])+uint16(4*words))
		return resum(b)
	}
	for range dice.IntN(9) {
		body := make([]byte, 8*(1+dice.IntN(1+dice.IntN(20))))
		body[1] = byte(len(body)/8 - 1)
		b = extend(b, []byte{0, 43, 60}[dice.IntN(3)], body)
	}
	return b
}

// extend puts an extension header before the others.
func extend(b []byte, kind byte, body []byte) []byte {
	body[0], b[6] = b[6], kind
	binary.BigEndian.PutUint16(b[4:], binary.BigEndian.Uint16(b[4:])+uint16(len(body)))
	return slices.Insert(b, ip6Len, body...)
}

// echo is a ping.
func echo(from, to netip.Addr) []byte {
	body := append([]byte{8, 0, 0, 0, 0, 1, 0, 1}, "ping"...)
	if from.Is4() {
		binary.BigEndian.PutUint16(body[2:], ^sum(0, body))
		return ether(cause(), from, ipPacket(from, to, protoICMP, 64, body))
	}
	body[0] = 128
	binary.BigEndian.PutUint16(body[2:], ^pseudo(from, to, protoICMPv6, body))
	return ether(cause(), from, ipPacket(from, to, protoICMPv6, 64, body))
}

func at(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

package xdp

import "math/bits"

// The hash of a connection, as in bpf/hash.h: Bob Jenkins' lookup3.

func rol(x uint32, n int) uint32 { return bits.RotateLeft32(x, n) }

func final(a, b, c uint32) uint32 {
	c ^= b
	c -= rol(b, 14)
	a ^= c
	a -= rol(c, 11)
	b ^= a
	b -= rol(a, 25)
	c ^= b
	c -= rol(b, 16)
	a ^= c
	a -= rol(c, 4)
	b ^= a
	b -= rol(a, 14)
	c ^= b
	return c - rol(b, 24)
}

func mix(a, b, c uint32) (uint32, uint32, uint32) {
	a -= c
	a ^= rol(c, 4)
	c += b
	b -= a
	b ^= rol(a, 6)
	a += c
	c -= b
	c ^= rol(b, 8)
	b += a
	a -= c
	a ^= rol(c, 16)
	c += b
	b -= a
	b ^= rol(a, 19)
	a += c
	c -= b
	c ^= rol(b, 4)
	b += a
	return a, b, c
}

func hash4(client uint32, port uint16, salt [2]uint32) uint32 {
	return final(client+salt[0], salt[1], uint32(port))
}

func hash6(client [4]uint32, port uint16, salt [2]uint32) uint32 {
	a, b, c := mix(client[0]+salt[0], client[1]+salt[1], client[2])
	return final(a+client[3], b+uint32(port), c)
}

package traffic

import (
	"encoding/binary"
	"fmt"
)

// fill fills p with the bytes of a connection from an offset on.
func fill(id, offset uint64, p []byte) {
	var block [8]byte
	for at := uint64(0); at < uint64(len(p)); {
		binary.LittleEndian.PutUint64(block[:], mix(id^mix((offset+at)/8)))
		at += uint64(copy(p[at:], block[(offset+at)%8:]))
	}
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable
// Pseudorandom Number Generators, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// check finds the first byte of got that is not the connection's.
func check(id, offset uint64, got []byte) error {
	want := make([]byte, len(got))
	fill(id, offset, want)
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("%w: byte %d is %#02x, not %#02x", ErrWrongByte, offset+uint64(i), got[i], want[i])
		}
	}
	return nil
}

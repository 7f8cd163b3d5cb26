package traffic_test

import (
	"encoding/binary"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func mac(number byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, number} }

func source(frame []byte) []byte {
	if frame[12] == 8 {
		return frame[26:30]
	}
	return frame[22:38]
}

func destination(frame []byte) []byte {
	if frame[12] == 8 {
		return frame[30:34]
	}
	return frame[38:54]
}

func hops(frame []byte) byte {
	if frame[12] == 8 {
		return frame[22]
	}
	return frame[21]
}

// check adds up what has to be 0xffff.
func check(t *testing.T, frame []byte) {
	t.Helper()
	start := 54
	if frame[12] == 8 {
		start = 34
		require.EqualValues(t, 0xffff, words(frame[14:34]), "IPv4 header")
	}
	segment := append(append(append([]byte{0, 6, 0, 20}, source(frame)...), destination(frame)...), frame[start:start+20]...)
	require.EqualValues(t, 0xffff, words(segment), "TCP")
}

func words(b []byte) (sum uint32) {
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return sum
}

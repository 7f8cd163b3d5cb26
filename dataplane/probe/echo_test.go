package probe_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
)

// reply is the reply to a request: the type differs, and the checksum with it.
func reply(six bool, data []byte) []byte {
	r := probe.EchoRequest(six, 7, data)
	if six {
		r[0] = 129
		return r
	}
	r[0] = 0
	sum := uint32(r[2])<<8 + uint32(r[3]) + 0x0800
	sum = sum>>16 + sum&0xffff
	r[2], r[3] = byte(sum>>8), byte(sum)
	return r
}

// header is an IPv4 header of so many bytes.
func header(length int) []byte {
	return append([]byte{0x40 + byte(length/4)}, make([]byte, length-1)...)
}

func TestEchoReply(t *testing.T) {
	t.Parallel()
	data := []byte("0123456789abcdef")
	for _, six := range []bool{false, true} {
		good := reply(six, data)
		require.True(t, probe.IsEchoReply(six, good, data))
		for n := range len(good) {
			require.False(t, probe.IsEchoReply(six, good[:n], data), "cut after %d bytes", n)
		}
		require.False(t, probe.IsEchoReply(six, append(slices.Clone(good), 0), data))
		require.False(t, probe.IsEchoReply(six, good, []byte("0123456789abcdeF")), "another's")
		require.False(t, probe.IsEchoReply(six, probe.EchoRequest(six, 7, data), data), "our own request, as loopback brings it")
		require.False(t, probe.IsEchoReply(!six, good, data))
	}
	good := reply(false, data)
	require.True(t, probe.IsEchoReply(false, append(header(20), good...), data), "raw sockets")
	require.True(t, probe.IsEchoReply(false, append(header(60), good...), data), "with options")
	require.False(t, probe.IsEchoReply(false, header(60)[:30], data))
	require.False(t, probe.IsEchoReply(false, append(header(16), good...), data), "a header of 16 bytes")
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 4
		require.False(t, probe.IsEchoReply(false, bad, data), "byte %d is wrong", i)
	}
	require.Equal(t, []byte{8, 0, 0xf4, 0xf7, 0, 7, 0, 1, 3}, probe.EchoRequest(false, 7, []byte{3}), "an odd number of bytes")
}

// No packet makes it panic, and what it takes for a reply ends with the data.
func FuzzEchoReply(f *testing.F) {
	data := []byte("0123456789abcdef")
	f.Add(false, reply(false, data))
	f.Add(true, reply(true, data))
	f.Add(false, append(header(20), reply(false, data)...))
	f.Add(false, append(header(60), reply(false, data)...))
	f.Add(false, []byte{0x45})
	f.Add(true, []byte{})
	f.Fuzz(func(t *testing.T, six bool, packet []byte) {
		before := bytes.Clone(packet)
		if probe.IsEchoReply(six, packet, data) {
			require.True(t, bytes.HasSuffix(packet, data))
			require.GreaterOrEqual(t, len(packet), 8+len(data))
		}
		require.Equal(t, before, packet)
	})
}

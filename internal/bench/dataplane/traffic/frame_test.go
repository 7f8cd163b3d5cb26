package traffic_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/dataplane/traffic"
)

func TestFrame(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		from, to string
		length   int
	}{
		"IPv4": {"192.0.2.1:80", "10.1.2.3:40000", 60},
		"IPv6": {"[2001:db8::1]:80", "[2001:db8::2]:40000", 74},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := netip.MustParseAddrPort(tc.from), netip.MustParseAddrPort(tc.to)
			frame := traffic.Frame(from, to, traffic.SYN|traffic.ACK, mac(1), mac(2))
			require.Len(t, frame, tc.length)
			check(t, frame)
			require.Equal(t, from.Addr().AsSlice(), source(frame))
			require.Equal(t, to.Addr().AsSlice(), destination(frame))
			require.EqualValues(t, mac(2), frame[:6])
			a, b := traffic.Ends(frame)
			require.Equal(t, from, a)
			require.Equal(t, to, b)
		})
	}
}

package xdp_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/xdp"
)

// What addresses of a network look like: they differ in their last bytes, or in
// their ports only.
func addresses() map[string]func(i int) netip.AddrPort {
	v4 := func(i int) netip.Addr {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 0xc0000200+uint32(i))))
	}
	v6 := func(i int) netip.Addr {
		b := netip.MustParseAddr("2001:db8::").As16()
		binary.BigEndian.PutUint32(b[12:], uint32(i))
		return netip.AddrFrom16(b)
	}
	return map[string]func(i int) netip.AddrPort{
		"IPv4 addresses": func(i int) netip.AddrPort { return netip.AddrPortFrom(v4(i), 80) },
		"IPv4 ports":     func(i int) netip.AddrPort { return netip.AddrPortFrom(v4(1), uint16(i)) },
		"IPv6 addresses": func(i int) netip.AddrPort { return netip.AddrPortFrom(v6(i), 80) },
		"IPv6 ports":     func(i int) netip.AddrPort { return netip.AddrPortFrom(v6(1), uint16(i)) },
		"IPv6 networks": func(i int) netip.AddrPort {
			b := netip.MustParseAddr("2001:db8::1").As16()
			binary.BigEndian.PutUint16(b[6:], uint16(i))
			return netip.AddrPortFrom(netip.AddrFrom16(b), 80)
		},
	}
}

// directoryOf has room for twice as many IPv6 addresses as it is asked for, which
// is what a Forwarder gives it.
func directoryOf(a netip.AddrPort, n int) xdp.Directory {
	if a.Addr().Is4() {
		return xdp.NewDirectory4(n)
	}
	return xdp.NewDirectory6(n)
}

func TestDirectoryHasRoom(t *testing.T) {
	t.Parallel()
	for name, address := range addresses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 16384
			d := directoryOf(address(0), n)
			for i := range n {
				require.NoError(t, d.Put(address(i), uint32(i+1)), i)
			}
			for i := range n {
				require.Equal(t, uint32(i+1), d.Find(address(i)))
			}
			require.Zero(t, d.Find(address(n)))
		})
	}
}

// Whatever is put and removed in whatever order, the directory is a map.
func TestDirectoryIsAMap(t *testing.T) {
	t.Parallel()
	for name, address := range addresses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(1, 2))
			d, plain, now := directoryOf(address(0), 64), map[netip.AddrPort]uint32{}, time.Unix(1, 0)
			for range 20_000 {
				a := address(dice.IntN(60))
				switch value := uint32(dice.IntN(1000) + 1); dice.IntN(3) {
				case 0:
					d.Remove(a, now)
					delete(plain, a)
					now = now.Add(time.Second)
					d.Reclaim(now)
				default:
					require.NoError(t, d.Put(a, value))
					plain[a] = value
				}
				require.Equal(t, plain[a], d.Find(a))
			}
			for i := range 60 {
				require.Equal(t, plain[address(i)], d.Find(address(i)))
			}
		})
	}
}

func TestDirectoryIsFull(t *testing.T) {
	t.Parallel()
	for name, address := range addresses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := directoryOf(address(0), 1)
			var err error
			for i := range 10 {
				if err = d.Put(address(i), 1); err != nil {
					break
				}
			}
			require.ErrorContains(t, err, "too many addresses; mend: raise Capacity.Services or Capacity.Endpoints")
		})
	}
}

// What was removed is not another's at once: the program may be about to read it.
func TestDirectorysQuarantine(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	for name, address := range addresses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := directoryOf(address(0), 1)
			n := 0
			for d.Put(address(n), 1) == nil {
				n++
			}
			d.Remove(address(0), now)
			require.Zero(t, d.Find(address(0)))
			require.Error(t, d.Put(address(n), 1))
			d.Reclaim(now.Add(time.Second))
			require.NoError(t, d.Put(address(n), 1))
		})
	}
}

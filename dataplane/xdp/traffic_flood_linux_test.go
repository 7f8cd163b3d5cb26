package xdp_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// A flood of SYNs from nowhere, while a service changes and so remembers
// connections: those that are there stay, and new ones are taken. There is room
// for far fewer than the flood has.
func TestFlood(t *testing.T) {
	const syns, each, pause = 120_000, 400, 10 * time.Millisecond // 40 000 a second
	b := newBed(t, netlab.SiteConfig{}, xdp.Config{Capacity: xdp.Capacity{Embryonic: 16_384, Flows: 8192, Exceptions: 8192}})
	b.serve(traffic.Server{})
	b.apply(endpointChange{weights: []int{1, 1, 1}}.config(b, time.Minute))
	f := netlab.IPv4()
	var ends []func()
	for _, mode := range modes() {
		ends = append(ends, b.start(traffic.Plan{Dial: b.Client.Dial, To: vip(f, mode), Short: 25, Bulk: 1, Slow: 20, Idle: 20, IdlePause: 300 * time.Millisecond, HalfClosed: 5}))
	}
	b.eventually("all have begun", func(tally traffic.Tally) bool { return b.all(tally.Began, 40) })
	b.apply(endpointChange{weights: []int{1, 0, 3}}.config(b, time.Minute))

	sent := make(chan error, 1)
	go func() {
		sent <- b.Client.Do(func() error {
			return flood(t.Context(), f, []netip.Addr{f.VIP(0), f.VIP(1)}, syns, each, pause)
		})
	}()
	before := b.load.Tally()
	require.NoError(t, <-sent)
	after := b.eventually("connections after the flood", func(tally traffic.Tally) bool { return tally.Ended > before.Ended+150 })
	t.Logf("%d connections ended during the flood; %d lost their first SYN", after.Ended-before.Ended, after.Retried-before.Retried)
	for _, end := range ends {
		end()
	}
	b.nothingWrong()
	status, err := b.forwarder.Status()
	require.NoError(t, err)
	for _, table := range status.Flows {
		t.Logf("%s: %d of %d", table.Name, table.Used, table.Room)
		require.LessOrEqual(t, table.Used, table.Room, table.Name)
	}
}

// flood sends SYNs from addresses that nobody has.
func flood(ctx context.Context, f netlab.Family, to []netip.Addr, syns, each int, pause time.Duration) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	dice := rand.New(rand.NewPCG(1, 2))
	for n := range syns {
		if n%each == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
		from := f.Clients.Addr().As4()
		from[3] = byte(100 + dice.IntN(100))
		dst := to[n%len(to)]
		packet := syn(netip.AddrPortFrom(netip.AddrFrom4(from), uint16(1024+dice.IntN(64000))), netip.AddrPortFrom(dst, vipPort), dice.Uint32())
		if err := unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: dst.As4()}); err != nil {
			return err
		}
	}
	return nil
}

// syn is an IPv4 packet; the kernel computes the checksum of its header.
func syn(from, to netip.AddrPort, sequence uint32) []byte {
	p := make([]byte, 40)
	p[0], p[8], p[9] = 0x45, 64, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(p[2:], 40)
	src, dst := from.Addr().As4(), to.Addr().As4()
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	tcp := p[20:]
	binary.BigEndian.PutUint16(tcp, from.Port())
	binary.BigEndian.PutUint16(tcp[2:], to.Port())
	binary.BigEndian.PutUint32(tcp[4:], sequence)
	tcp[12], tcp[13] = 5<<4, 2 // header length, SYN
	binary.BigEndian.PutUint16(tcp[14:], 65535)
	sum := uint32(unix.IPPROTO_TCP + len(tcp))
	for i := 12; i < len(p); i += 2 { // addresses and segment
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
	return p
}

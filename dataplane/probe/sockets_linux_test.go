package probe_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
)

// loopbacks are the addresses that the tests' servers have.
var loopbacks = map[string]string{"IPv4": "127.0.0.1", "IPv6": "::1"}

// each runs a test for IPv4 and for IPv6.
func each(t *testing.T, test func(t *testing.T, host string)) {
	t.Helper()
	for name, host := range loopbacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, host)
		})
	}
}

// check checks what answers: the check does not use up its time, as it would
// if it waited for more than it needs.
func check(t *testing.T, p probe.Probe, at probe.Destination) error {
	t.Helper()
	require.NoError(t, p.Validate())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := p.Check(ctx, at)
	require.NoError(t, ctx.Err())
	return err
}

// checkFor checks what does not answer: it has to return when its timeout has
// passed.
func checkFor(t *testing.T, timeout time.Duration, p probe.Probe, at probe.Destination) error {
	t.Helper()
	require.NoError(t, p.Validate())
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return p.Check(ctx, at)
}

func at(address net.Addr) probe.Destination {
	return probe.Destination{Addr: netip.MustParseAddrPort(address.String())}
}

// listen accepts no connection by itself.
func listen(t *testing.T, host string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// closed is an address at which nobody listens, though it is bound.
func closed(t *testing.T, host string) probe.Destination {
	t.Helper()
	family, address := syscall.AF_INET, syscall.Sockaddr(&syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if host == "::1" {
		family, address = syscall.AF_INET6, &syscall.SockaddrInet6{Addr: [16]byte{15: 1}}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, address))
	bound, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	port := 0
	switch b := bound.(type) {
	case *syscall.SockaddrInet4:
		port = b.Port
	case *syscall.SockaddrInet6:
		port = b.Port
	}
	return probe.Destination{Addr: netip.AddrPortFrom(netip.MustParseAddr(host), uint16(port))}
}

// full listens, but its queue of connections is full: the kernel answers no SYN.
func full(t *testing.T, host string) probe.Destination {
	t.Helper()
	l := listen(t, host)
	raw, err := l.(*net.TCPListener).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }))
	require.NoError(t, err)
	for {
		conn, err := net.DialTimeout("tcp", l.Addr().String(), 200*time.Millisecond)
		if err != nil {
			return at(l.Addr())
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, host string) {
		for name, p := range map[string]probe.TCP{"whole": {}, "half open": {HalfOpen: true}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				require.NoError(t, check(t, p, at(listen(t, host).Addr())))
				err := check(t, p, closed(t, host))
				require.ErrorIs(t, err, syscall.ECONNREFUSED)
				require.ErrorContains(t, err, "probe: tcp: ")
				err = checkFor(t, 50*time.Millisecond, p, full(t, host))
				var timeout net.Error
				require.ErrorAs(t, err, &timeout)
				require.True(t, timeout.Timeout())
			})
		}
	})
}

// The endpoint's program sees whole connections, which send nothing and are
// reset, and no half-open ones.
func TestWhatTheEndpointSeesOfTCP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, host string) {
		l := listen(t, host)
		for range 5 {
			require.NoError(t, check(t, probe.TCP{HalfOpen: true}, at(l.Addr())))
		}
		require.NoError(t, check(t, probe.TCP{}, at(l.Addr())))
		conn, err := l.Accept()
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		n, err := conn.Read(make([]byte, 10))
		require.Zero(t, n)
		require.ErrorIs(t, err, syscall.ECONNRESET)

		marker, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = marker.Close() }()
		next, err := l.Accept()
		require.NoError(t, err)
		defer func() { _ = next.Close() }()
		require.Equal(t, marker.LocalAddr(), next.RemoteAddr(), "no other connection came in between")
	})
}

// udpServer answers with what the function returns; nil = not.
func udpServer(t *testing.T, host string, answer func([]byte) []byte) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			if a := answer(buffer[:n]); a != nil {
				_, _ = conn.WriteToUDP(a, from)
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return conn
}

func echo(b []byte) []byte { return b }
func mute([]byte) []byte   { return nil }

func TestUDP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, host string) {
		ping := []byte("ping")
		loud := at(udpServer(t, host, echo).LocalAddr())
		require.NoError(t, check(t, probe.UDP{Payload: ping}, loud))
		require.NoError(t, check(t, probe.UDP{}, loud), "empty datagrams")
		long := append([]byte("start"), make([]byte, 9000)...)
		require.NoError(t, check(t, probe.UDP{Payload: long, Expect: []byte("start")}, loud), "one that is cut")
		require.NoError(t, check(t, probe.UDP{Payload: ping, Expect: []byte("in")}, loud))
		require.NoError(t, check(t, probe.UDP{Payload: ping, SilenceIsWell: true}, loud))
		err := checkFor(t, 50*time.Millisecond, probe.UDP{Payload: ping, Expect: []byte("pong")}, loud)
		require.ErrorContains(t, err, "1 answers, none with what is expected")

		silent := at(udpServer(t, host, mute).LocalAddr())
		require.ErrorContains(t, checkFor(t, 50*time.Millisecond, probe.UDP{}, silent), "i/o timeout")
		require.NoError(t, checkFor(t, 500*time.Millisecond, probe.UDP{SilenceIsWell: true}, silent))

		gone := udpServer(t, host, mute)
		require.NoError(t, gone.Close())
		require.ErrorIs(t, check(t, probe.UDP{}, at(gone.LocalAddr())), syscall.ECONNREFUSED)
		require.ErrorIs(t, check(t, probe.UDP{SilenceIsWell: true}, at(gone.LocalAddr())), syscall.ECONNREFUSED)
	})
}

// A late answer to an earlier check is passed over for the one that is expected.
func TestUDPPassesOverOtherAnswers(t *testing.T) {
	t.Parallel()
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP("127.0.0.1")})
	require.NoError(t, err)
	defer func() { _ = server.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, from, _ := server.ReadFromUDP(make([]byte, 10))
		_, _ = server.WriteToUDP([]byte("old"), from)
		_, _ = server.WriteToUDP([]byte("new"), from)
	}()
	require.NoError(t, check(t, probe.UDP{Expect: []byte("new")}, at(server.LocalAddr())))
	<-done
}

// An answer from another address, or another port, is none.
func TestUDPAnswerFromElsewhere(t *testing.T) {
	t.Parallel()
	for _, elsewhere := range []string{"127.0.0.2", "127.0.0.1"} {
		other, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(elsewhere)})
		require.NoError(t, err)
		server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP("127.0.0.1")})
		require.NoError(t, err)
		var answered atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, from, _ := server.ReadFromUDP(make([]byte, 10))
			_, err := other.WriteToUDP([]byte("here"), from)
			answered.Store(err == nil)
		}()
		require.ErrorContains(t, checkFor(t, 100*time.Millisecond, probe.UDP{}, at(server.LocalAddr())), "i/o timeout")
		<-done
		require.True(t, answered.Load())
		require.NoError(t, other.Close())
		require.NoError(t, server.Close())
	}
}

// Checks come from the source address and through the interface that are set,
// and end when their context is cancelled.
func TestSourceAndInterface(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1")
	to := at(l.Addr())
	to.Source, to.Interface = netip.MustParseAddr("127.0.0.7"), "lo"
	require.NoError(t, check(t, probe.TCP{}, to))
	conn, err := l.Accept()
	require.NoError(t, err)
	require.Equal(t, "127.0.0.7", conn.RemoteAddr().(*net.TCPAddr).IP.String())
	require.NoError(t, conn.Close())

	udp := at(udpServer(t, "127.0.0.1", echo).LocalAddr())
	udp.Source, udp.Interface = to.Source, to.Interface
	for name, c := range map[string]struct {
		probe probe.Probe
		at    probe.Destination
	}{"tcp": {probe.TCP{}, to}, "udp": {probe.UDP{}, udp}, "icmp": {probe.ICMP{}, to}} {
		require.NoError(t, check(t, c.probe, c.at), name)
		foreign := c.at
		foreign.Source = netip.MustParseAddr("203.0.113.1")
		require.ErrorIs(t, check(t, c.probe, foreign), syscall.EADDRNOTAVAIL, name)
		missing := c.at
		missing.Interface = "nonesuch0"
		err := check(t, c.probe, missing)
		require.ErrorIs(t, err, syscall.ENODEV, name)
		require.ErrorContains(t, err, "interface nonesuch0", name)
	}
}

// A check ends as soon as it is cancelled, whatever it waits for.
func TestCancelledCheckReturns(t *testing.T) {
	t.Parallel()
	tcp, udp := listen(t, "127.0.0.1"), udpServer(t, "127.0.0.1", mute)
	for name, c := range map[string]struct {
		probe probe.Probe
		at    probe.Destination
	}{
		"tcp":       {probe.TCP{}, full(t, "127.0.0.1")},
		"udp":       {probe.UDP{}, at(udp.LocalAddr())},
		"quiet udp": {probe.UDP{SilenceIsWell: true}, at(udp.LocalAddr())},
		"http":      {probe.HTTP{}, at(tcp.Addr())},
		"https":     {probe.HTTP{TLS: &probe.TLS{}}, at(tcp.Addr())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			time.AfterFunc(20*time.Millisecond, cancel)
			require.Error(t, c.probe.Check(ctx, c.at))
			require.Error(t, ctx.Err())
		})
	}
}

package traffic_test

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// serve starts a server on the loopback network, and returns what ends it.
func serve(t *testing.T, s traffic.Server, at string) (address string, end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	require.NoError(t, err)
	return listener.Addr().String(), background(t, func(ctx context.Context) error { return s.Serve(ctx, listener) })
}

func servePackets(t *testing.T, s traffic.Server, at string) (address string, end func()) {
	t.Helper()
	conn, err := net.ListenPacket("udp", at)
	require.NoError(t, err)
	return conn.LocalAddr().String(), background(t, func(ctx context.Context) error { return s.ServePackets(ctx, conn) })
}

// background runs f until the test ends, or end is called, and wants no error.
func background(t *testing.T, f func(context.Context) error) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(end)
	return end
}

// start runs a plan until end is called.
func start(t *testing.T, load *traffic.Load, p traffic.Plan) (end func()) {
	t.Helper()
	return background(t, func(ctx context.Context) error {
		load.Run(ctx, p)
		return nil
	})
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// eventually waits until the tally is as it should be.
func eventually(t *testing.T, load *traffic.Load, is func(traffic.Tally) bool) traffic.Tally {
	t.Helper()
	require.Eventually(t, func() bool { return is(load.Tally()) }, 20*time.Second, time.Millisecond)
	return load.Tally()
}

func TestNothingIsWrong(t *testing.T) {
	t.Parallel()
	s := traffic.Server{Name: "one"}
	tcp, _ := serve(t, s, "127.0.0.1:0")
	udp, _ := servePackets(t, s, "127.0.0.1:0")
	load := traffic.New()
	end := start(t, load, traffic.Plan{
		Dial: dial, To: tcp, ToUDP: udp, Short: 200, Bulk: 1, Slow: 2, Idle: 3, HalfClosed: 4, UDP: 5, UDPPause: time.Millisecond, UDPSize: 3000,
	})
	eventually(t, load, func(tally traffic.Tally) bool {
		return tally.Open["one"] >= 10 && tally.Ended > 20 && tally.Replies["one"] > 100
	})
	end()
	tally := load.Tally()
	require.Empty(t, tally.Broken)
	require.Empty(t, tally.Lost)
	require.Empty(t, tally.Moved)
	require.Equal(t, map[string]int{"one": 0}, tally.Open)
	require.Equal(t, tally.Began["one"], tally.Ended)
	require.Greater(t, tally.Bytes, uint64(20*1000+64<<10))
}

// A connection with a bounded life ends as it should, and there is a next one.
func TestLife(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, traffic.Server{Name: "one"}, "127.0.0.1:0")
	load := traffic.New()
	end := start(t, load, traffic.Plan{Dial: dial, To: at, Slow: 1, Life: time.Nanosecond})
	eventually(t, load, func(tally traffic.Tally) bool { return tally.Ended > 2 })
	end()
	require.Empty(t, load.Tally().Broken)
}

// forger changes a byte of what comes in.
type forger struct {
	net.Conn
	at int
}

func (f *forger) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	if f.at >= 0 && f.at < n {
		b[f.at]++
	}
	f.at -= n
	return n, err
}

func (f *forger) CloseWrite() error { return f.Conn.(*net.TCPConn).CloseWrite() }

func TestWrongBytesAreFound(t *testing.T) {
	t.Parallel()
	tcp, _ := serve(t, traffic.Server{Name: "one"}, "127.0.0.1:0")
	udp, _ := servePackets(t, traffic.Server{Name: "one"}, "127.0.0.1:0")
	const name = len("\x03one")
	forged := func(at int) traffic.Dial {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &forger{conn, at}, err
		}
	}
	_, err := traffic.Transfer(t.Context(), forged(name+100_001), tcp, 200_000)
	require.ErrorIs(t, err, traffic.ErrWrongByte)
	require.ErrorContains(t, err, "byte 100001 is ")
	for _, c := range []struct {
		plan traffic.Plan
		at   int
	}{
		{traffic.Plan{To: tcp, Short: 100}, name + 999},
		{traffic.Plan{To: tcp, Bulk: 1}, name + 70_000},
		{traffic.Plan{To: tcp, HalfClosed: 1}, name + 1500},
		{traffic.Plan{ToUDP: udp, UDP: 1}, 299},
	} {
		plan := c.plan
		plan.Dial = forged(c.at)
		load := traffic.New()
		end := start(t, load, plan)
		tally := eventually(t, load, func(tally traffic.Tally) bool { return len(tally.Broken)+len(tally.Lost) > 0 })
		end()
		for _, fault := range append(tally.Broken, tally.Lost...) {
			require.ErrorIs(t, fault.Err, traffic.ErrWrongByte)
			if fault.Kind != "UDP" { // no other reply has said it
				require.Equal(t, "one", fault.Endpoint)
			}
		}
	}
}

// Connections to a server that is killed are broken, and there are others in
// their place.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	at, kill := serve(t, traffic.Server{Name: "one", Abort: true}, "127.0.0.1:0")
	load := traffic.New()
	end := start(t, load, traffic.Plan{Dial: dial, To: at, Bulk: 1, Slow: 1, Idle: 1, IdlePause: time.Millisecond, HalfClosed: 1})
	eventually(t, load, func(tally traffic.Tally) bool { return tally.Open["one"] == 4 })
	kill()
	tally := eventually(t, load, func(tally traffic.Tally) bool { return len(tally.Broken) > 20 })
	serve(t, traffic.Server{Name: "two"}, at)
	eventually(t, load, func(tally traffic.Tally) bool { return tally.Open["two"] == 4 })
	end()
	kinds := make(map[string]int)
	for _, fault := range tally.Broken {
		if fault.Endpoint == "one" {
			kinds[fault.Kind]++
			continue
		}
		require.Empty(t, fault.Endpoint)
		require.ErrorIs(t, fault.Err, syscall.ECONNREFUSED, fault)
	}
	require.Equal(t, map[string]int{"bulk": 1, "slow": 1, "idle": 1, "half-closed": 1}, kinds)
	require.Equal(t, map[string]int{"one": 0, "two": 0}, load.Tally().Open)
}

// A flow that another server answers was moved; while there is none, its requests
// are lost, and another flow takes its place.
func TestMovedAndLost(t *testing.T) {
	t.Parallel()
	at, leave := servePackets(t, traffic.Server{Name: "one"}, "127.0.0.1:0")
	load := traffic.New()
	end := start(t, load, traffic.Plan{Dial: dial, ToUDP: at, UDP: 1, UDPPause: 10 * time.Millisecond})
	eventually(t, load, func(tally traffic.Tally) bool { return tally.Replies["one"] > 2 })
	leave()
	tally := eventually(t, load, func(tally traffic.Tally) bool { return len(tally.Lost) > 5 })
	require.Equal(t, "one", tally.Lost[0].Endpoint)
	require.Empty(t, tally.Lost[5].Endpoint, "another flow, which got no reply yet")
	require.Empty(t, tally.Moved)
	servePackets(t, traffic.Server{Name: "two"}, at)
	eventually(t, load, func(tally traffic.Tally) bool { return tally.Replies["two"] > 2 })
	end()
	require.Empty(t, load.Tally().Moved, "it is another flow")
}

// A reply that comes after its request was given up was not lost.
func TestLate(t *testing.T) {
	t.Parallel()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	background(t, func(ctx context.Context) error {
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		var held []byte
		for {
			b := make([]byte, 1500)
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return nil
			}
			b = b[:n]
			b[16], b[17] = 1, 'a'
			if held == nil { // until the next request
				held = b
				continue
			}
			_, _ = server.WriteTo(held, from)
			_, _ = server.WriteTo(b, from)
		}
	})
	load := traffic.New()
	end := start(t, load, traffic.Plan{Dial: dial, ToUDP: server.LocalAddr().String(), UDP: 1})
	tally := eventually(t, load, func(tally traffic.Tally) bool { return tally.Replies["a"] > 0 })
	end()
	require.Equal(t, 1, tally.Late)
	require.Empty(t, tally.Lost)
}

func TestMoved(t *testing.T) {
	t.Parallel()
	var servers []string
	for _, name := range []string{"one", "two"} {
		at, _ := servePackets(t, traffic.Server{Name: name}, "127.0.0.1:0")
		servers = append(servers, at)
	}
	load := traffic.New()
	swapped := func(ctx context.Context, network, _ string) (net.Conn, error) {
		one, err := dial(ctx, network, servers[0])
		if err != nil {
			return nil, err
		}
		two, err := dial(ctx, network, servers[1])
		return &turncoat{Conn: one, next: two}, err
	}
	end := start(t, load, traffic.Plan{Dial: swapped, UDP: 1, UDPPause: time.Millisecond})
	tally := eventually(t, load, func(tally traffic.Tally) bool { return tally.Replies["two"] > 2 })
	end()
	require.Len(t, tally.Moved, 1)
	require.Equal(t, "one", tally.Moved[0].Endpoint)
	require.ErrorContains(t, tally.Moved[0].Err, `reply 4 is from "two"`)
	require.Empty(t, tally.Lost)
}

// turncoat goes to another server after three requests.
type turncoat struct {
	net.Conn
	next net.Conn
	sent int
}

func (c *turncoat) Write(b []byte) (int, error) {
	if c.sent++; c.sent == 4 {
		c.Conn, c.next = c.next, c.Conn
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}

func (c *turncoat) Close() error {
	_ = c.next.Close()
	return c.Conn.Close()
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, traffic.Server{Name: "one"}, "127.0.0.1:0")
	for _, size := range []int{0, 1, 64 << 10, 10_000_001} {
		name, err := traffic.Transfer(t.Context(), dial, at, size)
		require.NoError(t, err)
		require.Equal(t, "one", name)
	}
	name, err := traffic.Ask(dial, at)
	require.NoError(t, err)
	require.Equal(t, "one", name)
	name, err = traffic.Reset(dial, at, 100_000)
	require.NoError(t, err)
	require.Equal(t, "one", name)
	at, _ = serve(t, traffic.Server{Name: "one", Peer: true}, "127.0.0.1:0")
	name, err = traffic.Ask(dial, at)
	require.NoError(t, err)
	require.Equal(t, "one for 127.0.0.1", name)
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, err = traffic.Transfer(ctx, dial, at, 1<<30)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "of 1073741824 bytes")
}

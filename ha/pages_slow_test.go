package ha_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
)

// pipes is a listener in memory, whose connections keep to virtual time. What
// is written into them has to be read: there are no buffers.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newPipes() *pipes { return &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.accepted <- server
	return client
}

// servePipes serves the pages in memory until the test ends.
func servePipes(t *testing.T) *pipes {
	t.Helper()
	listener := newPipes()
	server := ha.NewServer(ha.NewPages(func() ha.Status { return statuses()["leader"] }, nil))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return listener
}

func TestOneByteASecondIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, start := servePipes(t).dial(), time.Now()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		var err error
		for _, b := range []byte("GET /ha HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + strings.Repeat("x", 1000)) {
			if _, err = c.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		require.Error(t, err)
		require.LessOrEqual(t, time.Since(start), 5*time.Second)
	})
}

func TestASlowBodyIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, start := servePipes(t).dial(), time.Now()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
		for err == nil {
			time.Sleep(time.Second)
			_, err = c.Write([]byte("x"))
		}
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
	})
}

func TestWhoReadsNothingIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, start := servePipes(t).dial(), time.Now()
		_, err := io.WriteString(c, "GET /ha HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		read, err := io.Copy(io.Discard, c)
		require.NoError(t, err, "the server has closed it")
		require.Less(t, read, int64(8<<10), "the page is longer")
		require.Less(t, time.Since(start), 12*time.Second)
	})
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, start := servePipes(t).dial(), time.Now()
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, c)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(start), 31*time.Second)
	})
}

func TestLongHeadersAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := servePipes(t).dial()
		go func() {
			_, _ = io.WriteString(c, "GET /ha HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
		}()
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		defer func() { _ = r.Body.Close() }()
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, r.StatusCode)
		require.NoError(t, c.Close())
		time.Sleep(time.Second) // net/http lingers, for the client's sake
	})
}

// counting counts the connections that the server holds open.
type counting struct {
	net.Listener

	open, most atomic.Int64
}

type counted struct {
	net.Conn

	once sync.Once
	l    *counting
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.most.Store(max(l.most.Load(), l.open.Add(1))) // only Serve's goroutine accepts
	return &counted{Conn: c, l: l}, nil
}

func (c *counted) Close() error {
	c.once.Do(func() { c.l.open.Add(-1) })
	return c.Conn.Close()
}

// Four times as many slow clients as the server keeps, and no timeouts that
// would rid it of them: only making room lets the probes in.
func TestProbesGetThroughManySlowClients(t *testing.T) {
	t.Parallel()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := &counting{Listener: tcp}
	leader := statuses()["leader"]
	server := ha.NewServer(ha.NewPages(func() ha.Status { return leader }, nil))
	server.ReadHeaderTimeout, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout = 0, 0, 0, 0
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var reached sync.WaitGroup
	address := tcp.Addr().String()
	for i := range 4 * ha.MaxConnections {
		reached.Add(1)
		clients.Go(func() {
			slowClient(ctx, address, i%2 == 0, reached.Done)
		})
	}
	reached.Wait()

	kubelet := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		r, err := kubelet.Get("http://" + address + "/healthz")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.NoError(t, r.Body.Close())
	}
	cancel()
	clients.Wait()
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	require.LessOrEqual(t, listener.most.Load(), int64(ha.MaxConnections+1), "one more, until the oldest is closed")
}

// slowClient connects, and sends a byte a second, or begins with more requests
// than it has room for the answers, which it does not read. It returns when it
// is cut off.
func slowClient(ctx context.Context, address string, sends bool, reached func()) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		reached()
		return
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if !sends {
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		_, err = io.WriteString(c, strings.Repeat("GET /ha HTTP/1.1\r\nHost: localhost\r\n\r\n", 4))
	}
	reached()
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		_, err = io.WriteString(c, "G")
	}
}

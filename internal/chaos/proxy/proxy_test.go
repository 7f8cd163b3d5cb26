package proxy_test

import (
	"bufio"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/chaos/proxy"
)

// echo is a server that answers each line with the same, and says what it has
// read.
type echo struct {
	addr string
	read chan string

	mu    sync.Mutex // guards the field below
	conns []net.Conn
}

func newEcho(t *testing.T) *echo {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e := &echo{addr: l.Addr().String(), read: make(chan string, 100)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.mu.Lock()
			e.conns = append(e.conns, c)
			e.mu.Unlock()
			go e.serve(c)
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, c := range e.conns {
			_ = c.Close()
		}
	})
	return e
}

func (e *echo) serve(c net.Conn) {
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			e.read <- "end: " + err.Error()
			_ = c.Close()
			return
		}
		e.read <- line
		if _, err := io.WriteString(c, line); err != nil {
			return
		}
	}
}

// client is one side of a connection through a proxy.
type client struct {
	t *testing.T
	net.Conn
	reader *bufio.Reader
}

func dial(t *testing.T, p *proxy.Proxy) *client {
	c, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return &client{t: t, Conn: c, reader: bufio.NewReader(c)}
}

func (c *client) send(line string) {
	c.t.Helper()
	_, err := io.WriteString(c, line)
	require.NoError(c.t, err)
}

func (c *client) receives(line string) {
	c.t.Helper()
	got, err := c.reader.ReadString('\n')
	require.NoError(c.t, err)
	require.Equal(c.t, line, got)
}

func setUp(t *testing.T) (*echo, *proxy.Proxy) {
	e := newEcho(t)
	p, err := proxy.Listen(e.addr)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return e, p
}

var (
	none = proxy.Fault{}
	drop = proxy.Fault{Mode: proxy.Drop}
	hold = proxy.Fault{Mode: proxy.Hold}
)

func TestPass(t *testing.T) {
	t.Parallel()
	e, p := setUp(t)
	c := dial(t, p)
	c.send("a\n")
	c.receives("a\n")
	require.Equal(t, "a\n", <-e.read)
	require.Equal(t, 1, p.Open())
	require.NoError(t, c.Close())
	require.Equal(t, "end: EOF", <-e.read)
}

func TestDelay(t *testing.T) {
	t.Parallel()
	_, p := setUp(t)
	c := dial(t, p)
	late := proxy.Fault{Mode: proxy.Delay, Delay: 30 * time.Millisecond}
	p.Set(late, late)
	sent := time.Now()
	c.send("a\n")
	c.receives("a\n")
	require.GreaterOrEqual(t, time.Since(sent), 60*time.Millisecond, "once each way")
	p.Set(proxy.Fault{Mode: proxy.Delay, Delay: time.Hour}, none)
	c.send("b\n")
	p.Heal()
	c.receives("b\n") // what waits goes on when the fault ends
}

// What is held back goes on, in order, and so do ends of streams.
func TestHold(t *testing.T) {
	t.Parallel()
	e, p := setUp(t)
	before := dial(t, p)
	p.Set(hold, none)
	within := dial(t, p)
	before.send("a\n")
	within.send("b\n")
	require.NoError(t, within.Close())
	p.Set(hold, hold) // another fault that holds it, too
	require.Empty(t, e.read)
	p.Set(none, hold)
	got := []string{<-e.read, <-e.read, <-e.read}
	require.ElementsMatch(t, []string{"a\n", "b\n", "end: EOF"}, got, "the answers are held back, the requests are not")
	p.Heal()
	before.receives("a\n")
}

// A connection that Drop has befallen is dead for good, one way.
func TestDrop(t *testing.T) {
	t.Parallel()
	e, p := setUp(t)
	c := dial(t, p)
	c.send("a\n")
	c.receives("a\n")
	require.Equal(t, "a\n", <-e.read)
	p.Set(drop, none)
	c.send("b\n")
	p.Heal()
	c.send("c\n")
	other := dial(t, p)
	other.send("d\n")
	other.receives("d\n")
	require.Equal(t, "d\n", <-e.read)
	require.Empty(t, e.read)
}

// One way: the request arrives, its answer does not.
func TestDropOfAnswers(t *testing.T) {
	t.Parallel()
	e, p := setUp(t)
	c := dial(t, p)
	p.Set(none, drop)
	c.send("a\n")
	require.Equal(t, "a\n", <-e.read)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err := c.reader.ReadString('\n')
	require.ErrorContains(t, err, "timeout")
}

func TestReset(t *testing.T) {
	t.Parallel()
	_, p := setUp(t)
	open := dial(t, p)
	open.send("a\n")
	open.receives("a\n")
	p.Set(proxy.Fault{Mode: proxy.Reset}, none)
	_, err := open.reader.ReadString('\n')
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.ErrorIs(t, try(p), syscall.ECONNRESET, "a new one as well")
	p.Heal()
	c := dial(t, p)
	c.send("b\n")
	c.receives("b\n")
	p.ResetOpen()
	_, err = c.reader.ReadString('\n')
	require.ErrorIs(t, err, syscall.ECONNRESET)
	c = dial(t, p)
	c.send("c\n")
	c.receives("c\n")
}

func TestTargetThatIsDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	p, err := proxy.Listen(l.Addr().String())
	require.NoError(t, err)
	defer p.Close()
	require.ErrorIs(t, try(p), syscall.ECONNRESET)
}

// try waits for something to come on a new connection. The reset may come
// before Dial has returned.
func try(p *proxy.Proxy) error {
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_, err = c.Read(make([]byte, 1))
	return err
}

// Close ends connections in any state, and joins.
func TestClose(t *testing.T) {
	t.Parallel()
	for _, f := range []proxy.Fault{none, drop, hold, {Mode: proxy.Delay, Delay: time.Hour}} {
		e := newEcho(t)
		p, err := proxy.Listen(e.addr)
		require.NoError(t, err)
		c := dial(t, p)
		c.send("a\n")
		c.receives("a\n")
		p.Set(f, f)
		c.send("b\n")
		require.NoError(t, c.Close())
		p.Close()
		require.Zero(t, p.Open())
	}
}

package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Dial connects to a numeric address, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Patience is for how long a client waits for anything before it calls a
// connection broken, unless a Plan says otherwise: long enough for the fourth SYN,
// or for a few repetitions of a segment.
const Patience = 10 * time.Second

// Plan is what clients do. Its zero value is nothing.
type Plan struct {
	// Dial is how the clients connect. Required.
	Dial Dial
	// To is where TCP connections go, ToUDP where requests go.
	To, ToUDP string
	// Short is how many new connections there are in a second: each sends and gets
	// back 1000 bytes, and ends.
	Short int
	// Bulk, Slow, Idle and HalfClosed are how many connections there are for the
	// whole time: 64 KiB each 50 ms, 1 byte each 100 ms, 1 byte each IdlePause, and
	// such as have ended their own side and get 1 KiB each 100 ms.
	Bulk, Slow, Idle, HalfClosed int
	// IdlePause: 0 = 5 s.
	IdlePause time.Duration
	// Life is how long a slow connection lasts at most, and half of that at least,
	// before it ends and there is another one in its place. 0 = the whole time.
	Life time.Duration
	// UDP is how many flows there are for the whole time. Each has one request
	// under way, of UDPSize bytes (0 = 300), and pauses for UDPPause (0 = 20 ms)
	// after the reply.
	UDP      int
	UDPSize  int
	UDPPause time.Duration
	// Patience: 0 = the constant of that name.
	Patience time.Duration
}

// Load is clients that are at work.
type Load struct {
	tally *tally
	ids   atomic.Uint64
}

// New returns clients that are idle.
func New() *Load { return &Load{tally: newTally()} }

// Tally is what they have seen so far.
func (l *Load) Tally() Tally { return l.tally.now() }

// Run carries out a plan until ctx ends. Then all connections are ended as they
// should, which takes the plan's Patience at most, and are waited for. It may be called
// several times at once, for clients in several places.
func (l *Load) Run(ctx context.Context, p Plan) {
	if p.IdlePause == 0 {
		p.IdlePause = 5 * time.Second
	}
	if p.Patience == 0 {
		p.Patience = Patience
	}
	if p.UDPPause == 0 {
		p.UDPPause = 20 * time.Millisecond
	}
	if p.UDPSize == 0 {
		p.UDPSize = 300
	}
	var all sync.WaitGroup
	defer all.Wait()
	each := func(n int, f func()) {
		for range n {
			all.Go(f)
		}
	}
	each(min(p.Short, 1), func() { l.short(ctx, p) })
	each(p.Bulk, func() { l.echoes(ctx, p, "bulk", 64<<10, 50*time.Millisecond, 0) })
	each(p.Slow, func() { l.echoes(ctx, p, "slow", 1, 100*time.Millisecond, p.Life) })
	each(p.Idle, func() { l.echoes(ctx, p, "idle", 1, p.IdlePause, 0) })
	each(p.HalfClosed, func() { l.halfClosed(ctx, p) })
	each(p.UDP, func() { l.datagrams(ctx, p) })
}

// connection is one TCP connection of a client.
type connection struct {
	net.Conn
	id       uint64
	endpoint string
	offset   uint64 // of what was sent and got back
	patience time.Duration
}

// wait has what comes next fail if it takes too long.
func (c *connection) wait() error { return c.SetDeadline(time.Now().Add(c.patience)) }

// open connects, says what is wanted, and learns the server's name.
func (l *Load) open(p Plan, h hello) (*connection, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.Patience)
	defer cancel()
	h.id = l.ids.Add(1)
	conn, err := p.Dial(ctx, "tcp", p.To)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, id: h.id, patience: p.Patience}
	if repeated(conn) {
		l.tally.change(func(t *Tally) { t.Retried++ })
	}
	if err := c.wait(); err != nil {
		return c, err
	}
	if _, err := c.Write(h.bytes()); err != nil {
		return c, fmt.Errorf("hello: %w", err)
	}
	if c.endpoint, err = readName(c); err != nil {
		return c, fmt.Errorf("name: %w", err)
	}
	l.tally.change(func(t *Tally) { t.Began[c.endpoint]++ })
	return c, nil
}

// exchange sends so many bytes, and gets them back.
func (c *connection) exchange(size int) error {
	if err := c.wait(); err != nil {
		return err
	}
	b := make([]byte, size)
	fill(c.id, c.offset, b)
	if _, err := c.Write(b); err != nil {
		return err
	}
	return c.receive(b)
}

// receive fills b with the connection's next bytes.
func (c *connection) receive(b []byte) error {
	if _, err := io.ReadFull(c, b); err != nil {
		return fmt.Errorf("byte %d: %w", c.offset, err)
	}
	err := check(c.id, c.offset, b)
	c.offset += uint64(len(b))
	return err
}

// finish ends this side, and sees the other one end.
func (c *connection) finish() error {
	if err := c.wait(); err != nil {
		return err
	}
	if err := c.closeWrite(); err != nil {
		return err
	}
	var b [1]byte
	switch n, err := c.Read(b[:]); {
	case n > 0:
		return fmt.Errorf("%w: byte %d: there are no more", ErrWrongByte, c.offset)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("end: %w", err)
	}
	return nil
}

func (c *connection) closeWrite() error {
	if tcp, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return tcp.CloseWrite()
	}
	return fmt.Errorf("traffic: a %T cannot end one side", c.Conn)
}

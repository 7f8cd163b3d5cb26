package traffic

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// short begins connections at a rate, whether or not earlier ones have ended.
func (l *Load) short(ctx context.Context, p Plan) {
	const atOnce = 512
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(time.Second / time.Duration(p.Short))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case places <- struct{}{}:
		}
		all.Go(func() {
			defer func() { <-places }()
			l.play("short", p, hello{service: echo}, func(c *connection) error {
				if err := c.exchange(1000); err != nil {
					return err
				}
				return c.finish()
			})
		})
	}
}

// echoes keeps one connection, on which a chunk goes there and back before each
// pause. If it breaks, or has lived (life > 0), there is a next one.
func (l *Load) echoes(ctx context.Context, p Plan, kind string, chunk int, pause, life time.Duration) {
	l.keep(ctx, kind, p, hello{service: echo}, func(c *connection) error {
		ends := time.Now().Add(life/2 + time.Duration(mix(c.id)%uint64(life/2+1)))
		for {
			if err := c.exchange(chunk); err != nil {
				return err
			}
			if !sleep(ctx, pause) || life > 0 && time.Now().After(ends) {
				return c.finish()
			}
		}
	})
}

// halfClosed keeps one connection on which only the server speaks.
func (l *Load) halfClosed(ctx context.Context, p Plan) {
	h := hello{service: stream, chunk: 1 << 10, pause: 100 * time.Millisecond}
	l.keep(ctx, "half-closed", p, h, func(c *connection) error {
		if err := c.closeWrite(); err != nil {
			return err
		}
		b := make([]byte, h.chunk)
		for ctx.Err() == nil {
			if err := c.wait(); err != nil {
				return err
			}
			if err := c.receive(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// keep plays connections, one after another, until ctx ends.
func (l *Load) keep(ctx context.Context, kind string, p Plan, h hello, use func(*connection) error) {
	for ctx.Err() == nil {
		l.play(kind, p, h, use)
		sleep(ctx, 50*time.Millisecond) // before another one, if it broke
	}
}

// play opens a connection, lets it be used, and notes what became of it.
func (l *Load) play(kind string, p Plan, h hello, use func(*connection) error) {
	began := time.Now()
	c, err := l.open(p, h)
	fault := Fault{Kind: kind, Began: began}
	if c != nil {
		defer func() { _ = c.Close() }()
		fault.Endpoint, fault.From = c.endpoint, c.LocalAddr()
	}
	if err == nil {
		l.tally.change(func(t *Tally) { t.Open[c.endpoint]++ })
		err = use(c)
		l.tally.change(func(t *Tally) { t.Open[c.endpoint]-- })
	}
	fault.At, fault.Err = time.Now(), err
	l.tally.change(func(t *Tally) {
		if c != nil {
			t.Bytes += c.offset
		}
		if err != nil {
			t.Broken = append(t.Broken, fault)
		} else {
			t.Ended++
		}
	})
}

// Transfer sends so many bytes on one connection as fast as it can, gets them
// back meanwhile, and returns the server's name.
func Transfer(ctx context.Context, dial Dial, to string, size int) (endpoint string, err error) {
	c, err := New().open(Plan{Dial: dial, To: to, Patience: Patience}, hello{service: echo})
	if c != nil {
		defer func() { _ = c.Close() }()
	}
	if err != nil {
		return "", err
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return c.endpoint, err
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	sent := make(chan error, 1)
	go func() { sent <- send(c.Conn, c.id, size) }()
	b := make([]byte, min(size, 64<<10))
	for left := size; left > 0 && err == nil; left -= len(b) {
		b = b[:min(left, len(b))]
		err = c.receive(b)
	}
	if err != nil {
		_ = c.Close() // ends send
	}
	if sending := <-sent; err == nil {
		err = sending
	}
	if err == nil {
		err = c.finish()
	}
	if ctx.Err() != nil {
		return c.endpoint, fmt.Errorf("after %d of %d bytes: %w", c.offset, size, context.Cause(ctx))
	}
	return c.endpoint, err
}

// send writes the first bytes of a connection.
func send(conn net.Conn, id uint64, size int) error {
	b := make([]byte, min(size, 64<<10))
	for offset := 0; offset < size; offset += len(b) {
		b = b[:min(size-offset, len(b))]
		fill(id, uint64(offset), b)
		if _, err := conn.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Reset sends so many bytes, gets them back, and closes the connection without
// ending it first: whether that resets it is for dial to arrange.
func Reset(dial Dial, to string, size int) (endpoint string, err error) {
	c, err := New().open(Plan{Dial: dial, To: to, Patience: Patience}, hello{service: echo})
	if c != nil {
		defer func() { _ = c.Close() }()
	}
	if err != nil {
		return "", err
	}
	return c.endpoint, c.exchange(size)
}

// Ask opens a connection, and returns the server's name.
func Ask(dial Dial, to string) (endpoint string, err error) {
	return Transfer(context.Background(), dial, to, 0)
}

package proxy

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// direction is which way bytes go.
type direction int

const (
	up   direction = iota // from client to server
	down                  // from server to client
)

// pair is a connection through the proxy: one to each side.
type pair struct {
	client, server net.Conn

	dead [2]atomic.Bool // by direction: Drop has befallen it
	once sync.Once
	over chan struct{} // closed with the pair
}

// mark does what a fault does at once, whether bytes come or not.
func (c *pair) mark(toServer, toClient Fault) {
	if toServer.Mode == Drop {
		c.dead[up].Store(true)
	}
	if toClient.Mode == Drop {
		c.dead[down].Store(true)
	}
	if toServer.Mode == Reset || toClient.Mode == Reset {
		c.reset()
	}
}

func (c *pair) close() {
	c.once.Do(func() {
		close(c.over)
		_ = c.client.Close() // nothing more is wanted of them
		_ = c.server.Close()
	})
}

// reset ends both sides by RST instead of FIN.
func (c *pair) reset() {
	c.once.Do(func() {
		close(c.over)
		reset(c.client)
		reset(c.server)
	})
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // no more than a FIN if it fails
	}
	_ = c.Close()
}

// pump copies one way until that side ends.
func (p *Proxy) pump(c *pair, to direction) {
	from, into := c.client, c.server
	if to == down {
		from, into = c.server, c.client
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && p.passes(c, to, time.Now()) {
			if _, err := into.Write(buf[:n]); err != nil {
				c.close()
				return
			}
		}
		if err != nil {
			// The end of a stream is told after what came before it, or not at
			// all.
			if p.passes(c, to, time.Now()) {
				closeWrite(into)
			} else {
				<-c.over
			}
			return
		}
	}
}

// passes waits for as long as the fault says, and reports whether bytes that
// came at a time go on.
func (p *Proxy) passes(c *pair, to direction, came time.Time) bool {
	for {
		f, changed := p.fault(to)
		if c.dead[to].Load() {
			return false
		}
		var wait <-chan time.Time
		switch f.Mode {
		case Hold:
		case Delay:
			wait = time.After(time.Until(came.Add(f.Delay)))
		case Drop, Reset: // as soon as the pair is marked
		default:
			return true
		}
		select {
		case <-wait:
			return !c.dead[to].Load()
		case <-changed:
		case <-c.over:
			return false
		}
	}
}

func closeWrite(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // the other side has gone if it fails
	}
}

// Package proxy forwards TCP on loopback and does to it what networks do:
// delay it, swallow it one way or both, keep it back until a partition heals,
// reset it. What passes is not looked at, so TLS goes through.
//
// One Proxy stands for the network of one process. A fault applies to the
// connections that are open and to those to come, from the moment it is set
// until Heal. All methods are safe for concurrent use.
package proxy

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Mode is what becomes of bytes that go one way.
type Mode string

const (
	// Pass: they go on. The zero value is the same.
	Pass Mode = "pass"
	// Delay: each read's worth of them goes on Fault.Delay after it came.
	Delay Mode = "delay"
	// Hold: they are kept, and go on when another mode is set: a partition in
	// which TCP sends again and again, until it heals.
	Hold Mode = "hold"
	// Drop: they are gone, and so is every later byte of that connection, also
	// after another mode is set: a firewall that has forgotten it.
	Drop Mode = "drop"
	// Reset: the connection is reset; a new one, as soon as it is accepted.
	Reset Mode = "reset"
)

// Fault is what happens one way.
type Fault struct {
	Mode  Mode
	Delay time.Duration // for mode Delay
}

// Proxy forwards connections to one address.
type Proxy struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	conns   map[*pair]struct{}
	up      Fault         // from client to server
	down    Fault         // from server to client
	changed chan struct{} // closed when the faults change
	closed  bool
}

// Listen starts a proxy on a free port of loopback, to target, a host and port.
func Listen(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{listener: l, target: target, conns: make(map[*pair]struct{}), changed: make(chan struct{})}
	p.done.Go(p.accept)
	return p, nil
}

// Addr is where it listens: host and port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set makes up befall what clients send, and down what they are to receive.
func (p *Proxy) Set(up, down Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up, p.down = up, down
	close(p.changed)
	p.changed = make(chan struct{})
	for c := range p.conns {
		c.mark(up, down)
	}
}

// Heal ends all faults. Connections that Drop has befallen stay dead.
func (p *Proxy) Heal() { p.Set(Fault{}, Fault{}) }

// ResetOpen resets the connections that are open, and lets new ones pass.
func (p *Proxy) ResetOpen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.reset()
	}
}

// Close ends everything and returns when it has ended.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	_ = p.listener.Close() // it is open
	for c := range p.conns {
		c.reset()
	}
	p.mu.Unlock()
	p.done.Wait()
}

// Open is how many connections are open.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // it is closed
		}
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.DialTimeout("tcp", p.target, dialTimeout)
	if err != nil {
		reset(client)
		return
	}
	c := &pair{client: client, server: server, over: make(chan struct{})}
	if !p.add(c) {
		c.reset()
		return
	}
	var pumps sync.WaitGroup
	pumps.Go(func() { p.pump(c, up) })
	pumps.Go(func() { p.pump(c, down) })
	pumps.Wait()
	c.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// dialTimeout bounds the wait for a server that listens and does not accept.
const dialTimeout = 5 * time.Second

func (p *Proxy) add(c *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns[c] = struct{}{}
	c.mark(p.up, p.down)
	return true
}

// fault is what befalls bytes that go one way now, and when that may change.
func (p *Proxy) fault(to direction) (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to == up {
		return p.up, p.changed
	}
	return p.down, p.changed
}

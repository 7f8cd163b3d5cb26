package integration_test

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy forwards TCP to an API server, and can swallow what passes.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex // guards the fields below
	conns map[*pair]struct{}
	cut   bool // new connections are black holes, too
}

// pair is one connection through the proxy.
type pair struct {
	client, server net.Conn

	mu   sync.Mutex // guards the field below
	hole bool       // bytes vanish, nothing is closed
}

func newProxy(t *testing.T, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, target: target, conns: make(map[*pair]struct{})}
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.each(func(c *pair) {
			_ = c.client.Close()
			_ = c.server.Close()
		})
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		c := &pair{client: client, server: server, hole: p.cut}
		p.conns[c] = struct{}{}
		p.mu.Unlock()
		go c.copy(server, client)
		go c.copy(client, server)
	}
}

func (c *pair) copy(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.mu.Lock()
		hole := c.hole
		c.mu.Unlock()
		if n > 0 && !hole {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) each(do func(*pair)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		do(c)
	}
}

// blackHole swallows all that comes on the connections that are open now;
// new ones pass.
func (p *proxy) blackHole() {
	p.each(func(c *pair) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.hole = true
	})
}

// setCut swallows all that comes, on new connections too, or lets those pass
// again.
func (p *proxy) setCut(on bool) {
	p.mu.Lock()
	p.cut = on
	p.mu.Unlock()
	if on {
		p.blackHole()
	}
}

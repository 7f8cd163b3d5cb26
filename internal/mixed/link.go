package mixed

import (
	"net"
	"sync"
)

// Link is a replica's way to the API server. While it is cut nothing passes,
// and nothing is lost: what was sent arrives when it is healed, as TCP's
// retransmissions do.
type Link struct {
	listener          net.Listener
	target            string
	requests, answers gate

	mu     sync.Mutex // guards the fields below
	conns  []net.Conn
	closed bool
}

// NewLink returns a link to an address of host and port. Close ends it.
func NewLink(target string) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Link{listener: listener, target: target}
	go l.accept()
	return l, nil
}

// Addr is what to connect to instead of the target.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Cut holds all that is sent, in both directions, until Heal.
func (l *Link) Cut() {
	l.requests.shut()
	l.answers.shut()
}

// CutAnswers holds what the server sends, until Heal.
func (l *Link) CutAnswers() { l.answers.shut() }

// Heal lets everything pass.
func (l *Link) Heal() {
	l.requests.open()
	l.answers.open()
}

// Close breaks all connections.
func (l *Link) Close() {
	_ = l.listener.Close()
	l.mu.Lock()
	l.closed = true
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.Heal()
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.serve(client)
	}
}

func (l *Link) serve(client net.Conn) {
	if !l.keep(client) {
		return
	}
	l.requests.wait() // for its SYN
	server, err := net.Dial("tcp", l.target)
	if err != nil {
		_ = client.Close()
		return
	}
	if !l.keep(server) {
		_ = client.Close()
		return
	}
	go forward(client, server, &l.answers)
	forward(server, client, &l.requests)
}

// keep notes a connection that Close is to end, or ends it.
func (l *Link) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = c.Close()
		return false
	}
	l.conns = append(l.conns, c)
	return true
}

// forward passes on what comes, and its end, while the gate is open.
func forward(to, from net.Conn, g *gate) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		g.wait()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// gate is open or shut. The zero value is open.
type gate struct {
	mu     sync.Mutex // guards the field below
	opened chan struct{}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// wait returns when it is open.
func (g *gate) wait() {
	for {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()
		if opened == nil {
			return
		}
		<-opened
	}
}

package dockerchaos

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"sync"

	"github.com/regent-ha/regent/internal/controlplane"
)

// relay passes TCP connections on to the API server, which listens on
// loopback alone. It takes no part in the faults: those happen between it and
// the containers.
type relay struct {
	listener net.Listener
	target   string
	wait     sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	conns   map[net.Conn]bool
	stopped bool
}

func newRelay(at netip.Addr, plane *controlplane.ControlPlane) (*relay, error) {
	api, err := url.Parse(plane.Config().Host)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		return nil, fmt.Errorf("listen at the gateway of the network: %w; mend: use an engine that runs on this machine", err)
	}
	r := &relay{listener: listener, target: api.Host, conns: make(map[net.Conn]bool)}
	r.wait.Go(r.accept)
	return r, nil
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) accept() {
	for {
		from, err := r.listener.Accept()
		if err != nil {
			return // stopped
		}
		r.wait.Go(func() { r.pass(from) })
	}
}

// pass copies both ways until either side is closed.
func (r *relay) pass(from net.Conn) {
	defer r.close(from)
	if !r.keep(from) {
		return
	}
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		return // the client sees a connection that ends
	}
	defer r.close(to)
	if !r.keep(to) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { r.copy(to, from) })
	both.Go(func() { r.copy(from, to) })
	both.Wait()
}

func (r *relay) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	r.close(to)
	r.close(from)
}

// keep notes a connection that stop has to close.
func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.conns[c] = true
	}
	return !r.stopped
}

func (r *relay) close(c net.Conn) {
	_ = c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// stop closes all connections and returns when nothing is passed on any more.
func (r *relay) stop() {
	_ = r.listener.Close()
	r.mu.Lock()
	r.stopped = true
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.wait.Wait()
}

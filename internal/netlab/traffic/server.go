package traffic

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Server serves clients of this package.
type Server struct {
	// Name is what it says to them: up to 255 bytes.
	Name string
	// Abort resets the connections at the end, as a process does that is killed.
	Abort bool
	// Peer has it say the client's address as well: "a for 192.0.2.1".
	Peer bool
}

// name is what it says to a client.
func (s Server) name(client net.Addr) string {
	if !s.Peer {
		return s.Name
	}
	host, _, _ := net.SplitHostPort(client.String())
	return s.Name + " for " + host
}

// Serve takes TCP connections until ctx ends. It closes the listener and all
// connections, and waits for them.
func (s Server) Serve(ctx context.Context, listener net.Listener) error {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		conn, err := listener.Accept()
		if err != nil {
			_ = listener.Close()
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("traffic: %s: %w", s.Name, err)
		}
		all.Go(func() { s.serve(ctx, conn) })
	}
}

// serve ends with the client, who knows best what went wrong.
func (s Server) serve(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() {
		if tcp, ok := conn.(*net.TCPConn); ok && s.Abort {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	})()
	h, err := readHello(conn)
	if err != nil {
		return
	}
	if writeName(conn, s.name(conn.RemoteAddr())) != nil {
		return
	}
	switch h.service {
	case echo:
		_, _ = io.Copy(conn, struct{ io.Reader }{conn}) // by a buffer: a spliced packet is not looked at
	case stream:
		_ = sendStream(ctx, conn, h)
	}
}

func sendStream(ctx context.Context, w io.Writer, h hello) error {
	chunk := make([]byte, h.chunk)
	for offset := uint64(0); ; offset += uint64(len(chunk)) {
		fill(h.id, offset, chunk)
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		if h.pause > 0 && !sleep(ctx, h.pause) {
			return ctx.Err()
		}
	}
}

// ServePackets answers UDP requests until ctx ends, and closes conn.
func (s Server) ServePackets(ctx context.Context, conn net.PacketConn) error {
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	b := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFrom(b)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("traffic: %s: %w", s.Name, err)
		case n < datagramHead+padding:
			continue
		}
		name := s.name(from)
		b[datagramHead] = byte(len(name))
		copy(b[datagramHead+1:], name)
		_, _ = conn.WriteTo(b[:n], from) // a client that has gone needs no answer
	}
}

// sleep waits for a while, or until ctx ends: false.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

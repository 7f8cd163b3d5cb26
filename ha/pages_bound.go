package ha

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// bound keeps the number of a server's connections below a limit: for one too
// many, that which has been open longest is closed, and rather one that waits
// for its next request than one that has not been answered.
//
// It is the oldest and not the newest that goes, because a probe of the kubelet
// is answered in a millisecond and gives up after a second: where slow clients
// hold all connections, it would find none free, and the pod be restarted. Each
// has grace to be answered; where more come than that allows, the next waits
// for it to pass.
type bound struct {
	limit int
	grace time.Duration

	mu   sync.Mutex // guards the field below
	open []boundConn
}

type boundConn struct {
	net.Conn
	since time.Time
	idle  bool
}

// changed is a ConnState of http.Server, which tells it of each new connection
// on the goroutine that accepts them.
func (b *bound) changed(c net.Conn, state http.ConnState) {
	if state == http.StateNew {
		for wait := b.add(c); wait > 0; wait = b.add(c) {
			time.Sleep(wait)
		}
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.open, func(o boundConn) bool { return o.Conn == c })
	switch {
	case i < 0: // it was closed here
	case state == http.StateClosed || state == http.StateHijacked:
		b.open = slices.Delete(b.open, i, i+1)
	default:
		b.open[i].idle = state == http.StateIdle
	}
}

// add takes in a connection, or says how long that has to wait.
func (b *bound) add(c net.Conn) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if len(b.open) >= b.limit {
		i := slices.IndexFunc(b.open, func(o boundConn) bool { return o.idle })
		if i < 0 {
			i = 0
			if wait := b.grace - now.Sub(b.open[0].since); wait > 0 {
				return wait
			}
		}
		_ = b.open[i].Close() // its goroutine ends with the error of its next read or write
		b.open = slices.Delete(b.open, i, i+1)
	}
	b.open = append(b.open, boundConn{Conn: c, since: now})
	return 0
}

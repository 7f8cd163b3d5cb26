package lock

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// suspectAfter is how long an answer may take, while no other comes, before the
// other connections are suspected to be dead as well. A wrong suspicion costs
// TLS handshakes.
const suspectAfter = 500 * time.Millisecond

// freshConnections is a RoundTripper that sends nothing on a connection from
// its pool while an earlier request is without an answer, or has failed, and
// nothing has been answered since: what swallows one connection, such as a
// firewall that has forgotten its state, swallows those that lie idle beside it.
// Where others are answered the API server is slow, and handshakes would not help it.
type freshConnections struct {
	next http.RoundTripper

	mu       sync.Mutex // guards the fields below
	pending  map[*http.Request]time.Time
	answered time.Time // when one was, last
	failed   bool      // the last request that ended has failed
}

func newFreshConnections(next http.RoundTripper) http.RoundTripper {
	return &freshConnections{next: next, pending: make(map[*http.Request]time.Time)}
}

// RoundTrip implements http.RoundTripper.
func (f *freshConnections) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.begin(req) {
		utilnet.CloseIdleConnectionsFor(f.next)
	}
	resp, err := f.next.RoundTrip(req)
	f.end(req, err)
	if err == nil && req.Method != http.MethodGet {
		// client-go would repeat a write by itself, and report the conflict with
		// its own first attempt. The election repeats, with the time that the
		// Status in the body names.
		resp.Header.Del("Retry-After")
	}
	return resp, err
}

// WrappedRoundTripper lets client-go find what is below.
func (f *freshConnections) WrappedRoundTripper() http.RoundTripper { return f.next }

// begin notes a request and reports whether the pool is suspect.
func (f *freshConnections) begin(req *http.Request) (suspect bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	suspect = f.failed
	for _, since := range f.pending {
		suspect = suspect || now.Sub(since) >= suspectAfter && f.answered.Before(since)
	}
	f.pending[req] = now
	return suspect
}

func (f *freshConnections) end(req *http.Request, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, req)
	switch {
	case err == nil:
		f.failed, f.answered = false, time.Now()
	case !errors.Is(err, context.Canceled): // by its caller, which says nothing of the connection
		f.failed = true
	}
}

package lock

import (
	"net/http"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// suspectAfter is how long an answer may take before the other connections are
// suspected to be dead as well. A wrong suspicion costs one TLS handshake.
const suspectAfter = 500 * time.Millisecond

// freshConnections is a RoundTripper that sends nothing on a connection from
// its pool while an earlier request is without an answer, or has failed: what
// swallows one connection, such as a firewall that has forgotten its state,
// swallows those that lie idle beside it.
type freshConnections struct {
	next http.RoundTripper

	mu      sync.Mutex // guards the fields below
	pending map[*http.Request]time.Time
	failed  bool // the last request that ended has failed
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
		suspect = suspect || now.Sub(since) >= suspectAfter
	}
	f.pending[req] = now
	return suspect
}

func (f *freshConnections) end(req *http.Request, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, req)
	f.failed = err != nil
}

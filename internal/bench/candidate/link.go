package candidate

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Request is what is counted apart.
type Request struct {
	Verb     string // as in RBAC
	Resource string // "leases", "events"
}

// Link is the network between one client and the API server.
type Link struct {
	next http.RoundTripper

	// passing is held for reading while a request is under way, a watch only
	// while it is being opened, and for writing by Cut.
	passing sync.RWMutex
	cut     bool // guarded by passing

	mu      sync.Mutex // guards the fields below
	counts  map[Request]int
	renewed time.Time
	open    map[*stream]struct{}
}

func newLink() *Link {
	return &Link{counts: make(map[Request]int), open: make(map[*stream]struct{})}
}

// errCut is what a watch ends with whose link was cut.
var errCut = errors.New("the link was cut")

func (l *Link) wrap(next http.RoundTripper) http.RoundTripper {
	l.next = next
	return l
}

// WrappedRoundTripper lets client-go find what is below.
func (l *Link) WrappedRoundTripper() http.RoundTripper { return l.next }

// RoundTrip implements http.RoundTripper. A link that was cut answers nothing:
// a request ends when its sender gives it up.
func (l *Link) RoundTrip(req *http.Request) (*http.Response, error) {
	l.passing.RLock()
	if l.cut {
		l.passing.RUnlock()
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	defer l.passing.RUnlock()
	what := requestOf(req)
	l.count(what)
	sent := time.Now()
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if what.Verb == "update" && resp.StatusCode == http.StatusOK {
		l.setRenewed(sent)
	}
	if what.Verb == "watch" {
		resp.Body = l.watching(resp.Body)
	}
	return resp, nil
}

func requestOf(req *http.Request) Request {
	verb := map[string]string{
		http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
	}[req.Method]
	if verb == "get" && req.URL.Query().Has("watch") {
		verb = "watch"
	}
	r := Request{Verb: verb}
	if _, rest, ok := strings.Cut(req.URL.Path, "/namespaces/"); ok {
		if parts := strings.Split(rest, "/"); len(parts) > 1 {
			r.Resource = parts[1]
		}
	}
	return r
}

func (l *Link) count(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[r]++
}

// Counts is how many requests were sent until now.
func (l *Link) Counts() map[Request]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

func (l *Link) setRenewed(sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sent.After(l.renewed) {
		l.renewed = sent
	}
}

// Renewed is when the last update was sent that the API server carried out.
func (l *Link) Renewed() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed
}

// Watching is how many watches are open.
func (l *Link) Watching() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

func (l *Link) watching(body io.ReadCloser) *stream {
	s := &stream{body, l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[s] = struct{}{}
	return s
}

// Cut lets nothing pass any more. It waits for the requests that are under
// way, so that each update is either answered or was never sent.
func (l *Link) Cut() {
	l.passing.Lock()
	defer l.passing.Unlock()
	l.cut = true
}

func (l *Link) isCut() bool {
	l.passing.RLock()
	defer l.passing.RUnlock()
	return l.cut
}

// stream is the body of a watch. It goes silent when the link is cut, and
// breaks when something would have come.
type stream struct {
	io.ReadCloser
	link *Link
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if s.link.isCut() {
		return 0, errCut
	}
	return n, err
}

func (s *stream) Close() error {
	s.link.mu.Lock()
	delete(s.link.open, s)
	s.link.mu.Unlock()
	return s.ReadCloser.Close()
}

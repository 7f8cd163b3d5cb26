package lock_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/lock"
)

// server answers, and tells on which connection it came.
type server struct {
	client *kubernetes.Clientset
	stuck  atomic.Bool // a request is, or was

	mu    sync.Mutex // guards the fields below
	conns map[string]bool
	last  string
}

// newServer returns a server. Behind /stuck it says nothing until the client
// gives up, behind /broken it breaks the connection, and behind /together it
// answers when two are waiting.
func newServer(t *testing.T) *server {
	s := &server{conns: make(map[string]bool)}
	together := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.conns[r.RemoteAddr], s.last = true, r.RemoteAddr
		s.mu.Unlock()
		switch r.URL.Path {
		case "/stuck":
			s.stuck.Store(true)
			<-r.Context().Done()
		case "/broken":
			panic(http.ErrAbortHandler)
		case "/together":
			select {
			case together <- struct{}{}:
			case <-together:
			}
		}
	}))
	t.Cleanup(h.Close)
	client, err := kubernetes.NewForConfig(lock.RESTConfig(&rest.Config{Host: h.URL}))
	require.NoError(t, err)
	s.client = client
	return s
}

func (s *server) get(ctx context.Context, path string) error {
	return s.client.RESTClient().Get().AbsPath(path).MaxRetries(0).Do(ctx).Error()
}

// seen returns the number of connections so far, and the last one's name.
func (s *server) seen() (n int, last string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns), s.last
}

// twoIdle leaves two connections in the client's pool.
func (s *server) twoIdle(t *testing.T) {
	t.Helper()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { _ = s.get(t.Context(), "/together") })
	}
	both.Wait()
	n, _ := s.seen()
	require.Equal(t, 2, n)
}

func TestIdleConnectionsAreUsedAgain(t *testing.T) {
	s := newServer(t)
	s.twoIdle(t)
	for range 20 {
		require.NoError(t, s.get(t.Context(), "/"))
	}
	n, _ := s.seen()
	require.Equal(t, 2, n)
}

func TestNoIdleConnectionIsUsedWhileARequestIsStuck(t *testing.T) {
	s := newServer(t)
	s.twoIdle(t)
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan error, 1)
	go func() { stuck <- s.get(ctx, "/stuck") }()
	<-time.After(longStuck)
	require.NoError(t, s.get(t.Context(), "/"))
	n, _ := s.seen()
	require.Equal(t, 3, n)
	cancel()
	require.Error(t, <-stuck)
}

// longStuck is long enough for a request to be called stuck.
const longStuck = 600 * time.Millisecond

// While others are answered, one that is slow says nothing of connections; nor
// does one that its caller has given up.
func TestIdleConnectionsAreUsedBesideASlowRequest(t *testing.T) {
	s := newServer(t)
	s.twoIdle(t)
	ctx, cancel := context.WithCancel(t.Context())
	slow := make(chan error, 1)
	go func() { slow <- s.get(ctx, "/stuck") }()
	require.Eventually(t, s.stuck.Load, 20*time.Second, time.Millisecond)
	require.NoError(t, s.get(t.Context(), "/"))
	<-time.After(longStuck)
	require.NoError(t, s.get(t.Context(), "/"))
	cancel()
	require.Error(t, <-slow)
	require.NoError(t, s.get(t.Context(), "/"))
	n, _ := s.seen()
	require.Equal(t, 2, n)
}

func TestNoIdleConnectionIsUsedAfterAFailure(t *testing.T) {
	s := newServer(t)
	s.twoIdle(t)
	// A POST: net/http itself repeats a GET on all idle connections.
	require.Error(t, s.client.RESTClient().Post().AbsPath("/broken").MaxRetries(0).Do(t.Context()).Error())
	require.NoError(t, s.get(t.Context(), "/"))
	n, fresh := s.seen()
	require.Equal(t, 3, n)
	require.NoError(t, s.get(t.Context(), "/"))
	n, last := s.seen()
	require.Equal(t, 3, n, "one that has served is trusted")
	require.Equal(t, fresh, last)
}

// client-go repeats requests by itself when the answer says when to come again.
// Of a write that was made all the same, it would report the conflict with
// itself.
func TestWritesAreSentOnce(t *testing.T) {
	t.Parallel()
	var puts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			puts.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":1}}`))
	}))
	t.Cleanup(server.Close)
	client, err := kubernetes.NewForConfig(lock.RESTConfig(&rest.Config{Host: server.URL}))
	require.NoError(t, err)
	l, err := lock.NewLease(lock.LeaseConfig{Client: client.CoordinationV1(), Namespace: "default", Name: "lock"})
	require.NoError(t, err)
	_, err = l.Swap(t.Context(), lock.Snapshot{Object: &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "lock", UID: "u"}}}, lock.Record{Nonce: "n"})
	require.ErrorIs(t, err, lock.ErrRejected)
	require.Equal(t, time.Second, lock.RetryAfter(err))
	require.EqualValues(t, 1, puts.Load())
}

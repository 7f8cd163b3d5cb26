package candidate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/internal/bench/candidate"
)

const lease = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/lock"

// dial returns a client of a server that answers writes with a status, and lets
// watches send a byte for each value of the channel.
func dial(t *testing.T, kind candidate.Kind, status int) (c *candidate.Client, events chan<- byte) {
	t.Helper()
	send := make(chan byte)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("watch") {
			w.WriteHeader(status)
			return
		}
		w.WriteHeader(http.StatusOK)
		for {
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case b := <-send:
				_, _ = w.Write([]byte{b})
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	c, err := candidate.NewClient(kind, &rest.Config{Host: server.URL})
	require.NoError(t, err)
	t.Cleanup(c.CloseIdle)
	return c, send
}

func do(ctx context.Context, c *candidate.Client, method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Host+path, nil)
	if err != nil {
		return nil, err
	}
	return c.HTTP.Do(req)
}

func send(t *testing.T, c *candidate.Client, method, path string) {
	t.Helper()
	resp, err := do(t.Context(), c, method, path)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}

func TestLinkCounts(t *testing.T) {
	t.Parallel()
	for _, kind := range []candidate.Kind{candidate.Regent, candidate.ClientGo} {
		c, _ := dial(t, kind, http.StatusOK)
		send(t, c, http.MethodGet, lease)
		send(t, c, http.MethodPut, lease)
		send(t, c, http.MethodPut, lease)
		send(t, c, http.MethodPost, "/api/v1/namespaces/ns/events")
		watch, err := do(t.Context(), c, http.MethodGet, "/apis/coordination.k8s.io/v1/namespaces/ns/leases?watch=true")
		require.NoError(t, err)
		require.Equal(t, 1, c.Link.Watching())
		require.NoError(t, watch.Body.Close())
		require.Zero(t, c.Link.Watching())
		require.Equal(t, map[candidate.Request]int{
			{Verb: "get", Resource: "leases"}: 1, {Verb: "update", Resource: "leases"}: 2,
			{Verb: "create", Resource: "events"}: 1, {Verb: "watch", Resource: "leases"}: 1,
		}, c.Link.Counts())
	}
}

// Renewed counts from the sending, and only if the update was carried out.
func TestLinkKnowsTheLastRenewal(t *testing.T) {
	t.Parallel()
	refused, _ := dial(t, candidate.Regent, http.StatusConflict)
	send(t, refused, http.MethodPut, lease)
	require.Zero(t, refused.Link.Renewed())

	c, _ := dial(t, candidate.Regent, http.StatusOK)
	before := time.Now()
	send(t, c, http.MethodPut, lease)
	first := c.Link.Renewed()
	require.False(t, first.Before(before))
	send(t, c, http.MethodGet, lease)
	require.Equal(t, first, c.Link.Renewed())
}

// A link that was cut answers nothing, and its watches are silent.
func TestCutLink(t *testing.T) {
	t.Parallel()
	c, events := dial(t, candidate.Regent, http.StatusOK)
	watch, err := do(t.Context(), c, http.MethodGet, "/apis/coordination.k8s.io/v1/namespaces/ns/leases?watch=true")
	require.NoError(t, err)
	defer func() { _ = watch.Body.Close() }()
	var b [1]byte
	events <- 'a'
	_, err = watch.Body.Read(b[:])
	require.NoError(t, err)

	c.Link.Cut()
	events <- 'b'
	n, err := watch.Body.Read(b[:])
	require.Zero(t, n)
	require.ErrorContains(t, err, "cut")

	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		resp, err := do(ctx, c, http.MethodPut, lease)
		if err == nil {
			_ = resp.Body.Close()
		}
		answered <- err
	}()
	cancel()
	require.ErrorIs(t, <-answered, context.Canceled)
	require.Zero(t, c.Link.Counts()[candidate.Request{Verb: "update", Resource: "leases"}])
}

func TestNoOtherElectors(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, "paxos", http.StatusOK)
	err := candidate.NewSet(candidate.Config{Timings: candidate.Default(), Namespace: "ns", Name: "lock"}).Join(c)
	require.ErrorContains(t, err, `"paxos"`)
}

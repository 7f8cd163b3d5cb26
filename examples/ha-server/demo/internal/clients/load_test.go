package clients_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/clients"
	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
)

// replica answers as the example does, or as answer says.
func replica(t *testing.T, name string, answer http.HandlerFunc) (*pods.Pod, *httptest.Server) {
	t.Helper()
	if answer == nil {
		answer = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Served-By", name)
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
				return
			}
			_, _ = io.WriteString(w, `{"name":"`+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]+`"}`)
		}
	}
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return &pods.Pod{Name: name, API: strings.TrimPrefix(server.URL, "http://")}, server
}

// play sends requests until enough of them are counted.
func play(t *testing.T, rotation *clients.Rotation, enough func(clients.Tally) bool) (sum clients.Tally) {
	t.Helper()
	load := clients.NewLoad(rotation)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- load.Run(ctx) }()
	for !enough(sum) {
		require.NoError(t, t.Context().Err())
		<-time.After(10 * time.Millisecond)
		sum.Add(load.Next())
	}
	stop()
	require.NoError(t, <-ended)
	sum.Add(load.Next())
	return sum
}

func TestAsksAllInTurn(t *testing.T) {
	t.Parallel()
	rotation := clients.NewRotation()
	for _, name := range []string{"one", "two"} {
		pod, _ := replica(t, name, nil)
		rotation.Answered(pod, http.StatusOK)
	}
	sum := play(t, rotation, func(s clients.Tally) bool { return s.Total() >= 20 })
	require.NoError(t, sum.Err())
	require.Contains(t, sum.String(), "one ")
	require.Contains(t, sum.String(), "two ")
	require.Contains(t, sum.String(), "failed on replicas that live: 0")
}

// What a replica that lives does wrong is a failure, whatever it is.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"status":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) },
		"another": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Served-By", "another") },
		"aborted": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rotation := clients.NewRotation()
			pod, _ := replica(t, "one", answer)
			rotation.Answered(pod, http.StatusOK)
			sum := play(t, rotation, func(s clients.Tally) bool { return s.Failed > 0 })
			require.Zero(t, sum.Total()+sum.InFlight+sum.Refused)
			require.ErrorContains(t, sum.Err(), "failed on replicas that lived; the first: one: ")
		})
	}
}

// A connection that is refused though nobody was killed is a failure, too; but
// the replica is asked once only.
func TestRefused(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	closed, rotation := &pods.Pod{Name: "closed", API: listener.Addr().String()}, clients.NewRotation()
	rotation.Answered(closed, http.StatusOK)
	pod, _ := replica(t, "one", nil)
	rotation.Answered(pod, http.StatusOK)
	sum := play(t, rotation, func(s clients.Tally) bool { return s.Total() >= 20 })
	require.Equal(t, 1, sum.Failed)

	// Of one that was killed it is counted apart.
	rotation.Answered(closed, http.StatusOK)
	rotation.Dying(closed)
	rotation.Killed(closed)
	sum = play(t, rotation, func(s clients.Tally) bool { return s.Total() >= 20 })
	require.Equal(t, []int{1, 0}, []int{sum.Refused, sum.Failed})
}

// What was sent before a replica had gone was in flight; what was sent later
// and was not refused is a failure.
func TestInFlight(t *testing.T) {
	t.Parallel()
	rotation := clients.NewRotation()
	pod, _ := replica(t, "one", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	rotation.Answered(pod, http.StatusOK)
	rotation.Dying(pod)
	sum := play(t, rotation, func(s clients.Tally) bool { return s.InFlight > 0 })
	require.Zero(t, sum.Failed)
	rotation.Killed(pod)
	sum = play(t, rotation, func(s clients.Tally) bool { return s.Failed > 0 })
	require.Zero(t, sum.InFlight)
}

// Readiness takes a replica out and in; silence does not.
func TestReadiness(t *testing.T) {
	t.Parallel()
	rotation := clients.NewRotation()
	pod, _ := replica(t, "one", nil)
	nobody := func() { // there
		sum := play(t, rotation, func(s clients.Tally) bool { return s.Failed > 0 })
		require.ErrorContains(t, sum.Err(), "no replica is ready")
	}
	nobody()
	rotation.Answered(pod, http.StatusOK)
	rotation.Answered(pod, 0)
	sum := play(t, rotation, func(s clients.Tally) bool { return s.Total() > 0 })
	require.NoError(t, sum.Err())
	_, left := rotation.Left(pod)
	require.False(t, left)
	rotation.Answered(pod, http.StatusServiceUnavailable)
	nobody()
	_, left = rotation.Left(pod)
	require.True(t, left)
}

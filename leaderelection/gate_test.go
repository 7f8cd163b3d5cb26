package leaderelection_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// transport is what a gate leads to.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func sends(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// body notes whether it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

func ask(ctx context.Context, g http.RoundTripper, method, path string) error {
	r, err := http.NewRequestWithContext(ctx, method, "https://api.example"+path, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	response, err := g.RoundTrip(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// over is a term that has ended.
func over() *leaderelection.Term {
	done := make(chan struct{})
	close(done)
	return leaderelection.NewTerm(leaderelection.TermConfig{Token: 7, Identity: "me", Done: done})
}

func TestGateStopsWritesOnly(t *testing.T) {
	t.Parallel()
	const pods = "/api/v1/namespaces/ns/pods"
	writes := []string{
		"POST " + pods, "PUT " + pods + "/a", "PATCH " + pods + "/a", "DELETE " + pods + "/a", "DELETE " + pods,
		"PATCH " + pods + "/a/status", "POST " + pods + "/a/eviction", "PUT /api/v1/namespaces/ns/finalize", "DELETE /api/v1/namespaces/ns",
		"POST /apis/apps/v1/namespaces/ns/deployments", "PATCH /apis/example.com/v1/namespaces/events/events/events",
		"GET " + pods + "/a/exec", "POST " + pods + "/a/exec", "GET " + pods + "/a/attach", "GET " + pods + "/a/portforward",
		"GET " + pods + "/a/proxy/some/path", "GET /api/v1/nodes/n/proxy/metrics", "HEAD /api/v1/namespaces/ns/services/s/proxy",
		"POST /somewhere", "PUT /apis/coordination.k8s.io/v1/namespaces/ns/leases/lock", "POST /apis", "DELETE /api",
		"POST /api/v1/namespaces/ns/serviceaccounts/sa/token", "DELETE /apis/authorization.k8s.io/v1/subjectaccess",
		"PUT /api/v1/namespaces/events/pods/events", "PUT /api/v1/namespaces/api/configmaps/events", "PUT /api/v1/namespaces/events/status",
		"GET /api/endpoints/1/kubernetes" + pods + "/a/exec", "POST /api/endpoints/1/kubernetes" + pods, // behind Portainer
		"GET /api/v1/clusters/c/apis/example.com/stable/widgets/w/proxy", "POST /apis/events.k8s.io/v1" + pods,
	}
	reads := []string{
		"GET " + pods, "GET " + pods + "/a", "GET " + pods + "/a/log", "HEAD " + pods, "OPTIONS " + pods, "GET /healthz", "GET /",
		"GET /api/v1/namespaces/exec", "GET " + pods + "/exec", "GET /api/v1/namespaces/ns/configmaps/proxy",
		"POST /api/v1/namespaces/ns/events", "PATCH /api/v1/namespaces/ns/events/e", "POST /apis/events.k8s.io/v1/namespaces/ns/events",
		"POST /apis/authentication.k8s.io/v1/tokenreviews", "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
		"POST /apis/authorization.k8s.io/v1/subjectaccessreviews", "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		"POST /apis/authorization.k8s.io/v1/namespaces/ns/localsubjectaccessreviews", "POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
		"POST /k8s/clusters/c-1/api/v1/namespaces/ns/events", "POST /api/endpoints/1/kubernetes/api/v1/namespaces/ns/events", // behind proxies
		"POST /api/v1/namespaces/api/events", "PATCH /api/v1/namespaces/apis/events/e", "GET /api/v1/namespaces/api/pods/exec",
		"GET /api/v1//namespaces/ns/pods",
	}
	g := leaderelection.Gate(transport(sends))
	valid := leaderelection.WithTerm(t.Context(), leaderelection.NewTerm(leaderelection.TermConfig{}))
	for _, request := range writes {
		method, path, _ := strings.Cut(request, " ")
		err := ask(t.Context(), g, method, path)
		refused, ok := errors.AsType[*leaderelection.GateError](err)
		require.True(t, ok, "%s: %v", request, err)
		require.ErrorIs(t, err, leaderelection.ErrNoTerm)
		require.False(t, refused.Carried)
		require.ErrorContains(t, err, request)
		require.ErrorContains(t, err, "mend: ")
		require.NoError(t, ask(valid, g, method, path), request)
	}
	for _, request := range reads {
		method, path, _ := strings.Cut(request, " ")
		require.NoError(t, ask(t.Context(), g, method, path), request)
	}
}

// An API server, or a proxy before it, may read such a path in another way
// than the gate. None of them is what a client of Kubernetes sends.
func TestGateStopsWhatItCannotTell(t *testing.T) {
	t.Parallel()
	g := leaderelection.Gate(transport(sends))
	for _, request := range []string{
		"POST /api/v1/namespaces/ns/events/../pods", "POST /api/v1/namespaces/ns/events/%2e%2e/pods", "PUT /api/v1/namespaces//pods/events",
		"POST /api/v1/namespaces/ns%2Fevents", "POST //api/v1/events", "POST /api/v1/./events",
		"GET /api/v1/namespaces//pods/a/exec", "GET /api/v1/namespaces/ns/pods/a/log/../exec", "GET /api/v1/namespaces/ns/pods/a%2Fb/exec",
	} {
		method, path, _ := strings.Cut(request, " ")
		require.ErrorIs(t, ask(t.Context(), g, method, path), leaderelection.ErrNoTerm, request)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example/api/v1/pods", nil)
	require.NoError(t, err)
	r.URL.Opaque = "//api.example/api/v1/namespaces/ns/pods/a/exec"
	_, err = g.RoundTrip(r) //nolint:bodyclose // there is no response
	require.ErrorIs(t, err, leaderelection.ErrNoTerm)
}

func TestGateStopsWritesOfATermThatIsOver(t *testing.T) {
	t.Parallel()
	sent := false
	g := leaderelection.Gate(transport(func(r *http.Request) (*http.Response, error) {
		sent = true
		return sends(r)
	}))
	b := &body{Reader: strings.NewReader("{}")}
	r, err := http.NewRequestWithContext(leaderelection.WithTerm(t.Context(), over()), http.MethodPost, "https://api.example/api/v1/nodes", b)
	require.NoError(t, err)
	_, err = g.RoundTrip(r) //nolint:bodyclose // there is no response
	require.ErrorIs(t, err, leaderelection.ErrNoTerm)
	require.EqualError(t, err, "leaderelection: POST /api/v1/nodes was not sent: the term with token 7 is over")
	require.True(t, b.closed, "a RoundTripper closes the body, also on errors")
	require.False(t, sent)
}

func TestGateAllows(t *testing.T) {
	t.Parallel()
	var asked []string
	g := leaderelection.GateConfig{Allow: func(r *http.Request) bool {
		asked = append(asked, r.URL.Path)
		return strings.HasSuffix(r.URL.Path, "/status")
	}}.Wrap(transport(sends))
	require.NoError(t, ask(t.Context(), g, "GET", "/api/v1/pods"))
	require.NoError(t, ask(t.Context(), g, "PATCH", "/api/v1/nodes/n/status"))
	require.ErrorIs(t, ask(t.Context(), g, "PATCH", "/api/v1/nodes/n"), leaderelection.ErrNoTerm)
	require.Equal(t, []string{"/api/v1/nodes/n/status", "/api/v1/nodes/n"}, asked, "only of writes")
}

// A write that is under way ends with its term, as soon as that is over, and
// not before, however often it is extended.
func TestGateCancelsWithTheTerm(t *testing.T) {
	for name, end := range map[string]func(until time.Time, done chan struct{}){
		"deadline": func(until time.Time, _ chan struct{}) { time.Sleep(time.Until(until)) },
		"done":     func(_ time.Time, done chan struct{}) { close(done) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var deadline atomic.Pointer[time.Time]
				extend := func() (until time.Time) {
					until = time.Now().Add(10 * time.Second)
					deadline.Store(&until)
					return until
				}
				until, done := extend(), make(chan struct{})
				term := leaderelection.NewTerm(leaderelection.TermConfig{Deadline: func() time.Time { return *deadline.Load() }, Done: done})
				ctx := leaderelection.WithTerm(t.Context(), term)
				result := make(chan error, 1)
				go func() { result <- ask(ctx, leaderelection.Gate(transport(hangs)), "POST", "/api/v1/pods") }()
				for range 5 {
					time.Sleep(9 * time.Second)
					until = extend()
				}
				synctest.Wait()
				require.Empty(t, result)
				end(until, done)
				synctest.Wait()
				err := <-result
				require.ErrorIs(t, err, leaderelection.ErrNoTerm)
				require.ErrorIs(t, err, context.Canceled)
				require.False(t, term.Valid())
			})
		})
	}
}

// The caller's own cancellation is not mistaken for the term's, an answer can
// be read in full, and nothing is left: the bubble would not end.
func TestGateLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(leaderelection.WithTerm(t.Context(), leaderelection.NewTerm(leaderelection.TermConfig{})))
		result := make(chan error, 1)
		go func() { result <- ask(ctx, leaderelection.Gate(transport(hangs)), "POST", "/api/v1/pods") }()
		synctest.Wait()
		cancel()
		require.Equal(t, context.Canceled, <-result)

		ctx = leaderelection.WithTerm(t.Context(), leaderelection.NewTerm(leaderelection.TermConfig{}))
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api.example/api/v1/pods", nil)
		require.NoError(t, err)
		var sent *http.Request
		response, err := leaderelection.Gate(transport(func(r *http.Request) (*http.Response, error) {
			sent = r
			return sends(r)
		})).RoundTrip(r)
		require.NoError(t, err)
		time.Sleep(3 * time.Hour)
		require.NoError(t, sent.Context().Err())
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, "{}", string(text))
		require.NoError(t, response.Body.Close())
		require.Error(t, sent.Context().Err())
	})
}

// Work that passes no context on writes by the Elector's own term: while it is
// valid, the drain included, and not in the next one by an old context.
func TestElectorsGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		g := a.Gate(transport(sends))
		write := func(ctx context.Context) error { return ask(ctx, g, "POST", "/api/v1/pods") }
		require.ErrorIs(t, write(t.Context()), leaderelection.ErrNoTerm)
		var terms []context.Context
		stop := a.start(func(ctx context.Context) error {
			terms = append(terms, ctx)
			<-ctx.Done()
			if errors.Is(context.Cause(ctx), leaderelection.ErrShutdown) {
				require.NoError(t, write(t.Context()), "the drain may write")
				require.NoError(t, write(ctx))
			} else {
				require.ErrorIs(t, write(t.Context()), leaderelection.ErrNoTerm)
			}
			return nil
		})
		time.Sleep(time.Second)
		synctest.Wait()
		require.NoError(t, write(t.Context()))
		store.Edit("lock", func(r *lock.Record) { r.Holder = "" })
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, terms, 2)
		require.NoError(t, write(t.Context()))
		require.NoError(t, write(terms[1]))
		require.ErrorIs(t, write(terms[0]), leaderelection.ErrNoTerm, "its own term is over")
		require.NoError(t, stop())
		require.ErrorIs(t, write(t.Context()), leaderelection.ErrNoTerm)
		require.ErrorIs(t, write(terms[1]), leaderelection.ErrNoTerm)
	})
	require.ErrorIs(t, ask(t.Context(), (*leaderelection.Elector)(nil).Gate(transport(sends)), "POST", "/api/v1/pods"), leaderelection.ErrNoTerm)
}

func TestPlainsTermOpensTheGate(t *testing.T) {
	t.Parallel()
	g := leaderelection.Gate(transport(sends))
	var after context.Context
	require.NoError(t, leaderelection.Plain{}.Run(t.Context(), func(ctx context.Context) error {
		after = ctx
		return ask(ctx, g, "POST", "/api/v1/pods")
	}))
	require.ErrorIs(t, ask(after, g, "POST", "/api/v1/pods"), leaderelection.ErrNoTerm)
}

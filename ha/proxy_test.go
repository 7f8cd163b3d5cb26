package ha_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// serving is a replica with a proxy before its handler.
type serving struct {
	name   string
	url    *url.URL
	served atomic.Int32 // requests that its own handler got

	mu     sync.Mutex // guards the fields below
	status leaderelection.Status
}

// knows sets who leads, as far as this replica knows.
func (r *serving) knows(holder string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = leaderelection.Status{Identity: r.name, Holder: holder, Leader: holder == r.name}
}

func (r *serving) Status() leaderelection.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// serve starts replicas a, b, ... whose handlers are local; writes are the
// leader's.
func serve(t *testing.T, n int, local http.HandlerFunc, change func(*ha.ProxyConfig)) []*serving {
	all := make([]*serving, n)
	place := func(_ context.Context, s leaderelection.Status) (*url.URL, error) {
		for _, r := range all {
			if r.name == s.Holder {
				return r.url, nil
			}
		}
		return nil, errors.New("no such replica")
	}
	for i := range all {
		r := &serving{name: string(rune('a' + i))}
		cfg := ha.ProxyConfig{
			Status: r.Status, LeaderURL: place,
			Match: func(q *http.Request) bool { return q.URL.Path != "/read" },
			Local: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				r.served.Add(1)
				w.Header().Set("Served-By", r.name)
				local(w, q)
			}),
		}
		if change != nil {
			change(&cfg)
		}
		p, err := ha.NewProxy(cfg)
		require.NoError(t, err)
		server := httptest.NewServer(p)
		t.Cleanup(server.Close)
		r.url, err = url.Parse(server.URL)
		require.NoError(t, err)
		r.knows("a")
		all[i] = r
	}
	return all
}

type answer struct {
	code   int
	header http.Header
	body   string
}

func (r *serving) do(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, r.url.String()+path, reader)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	if host := q.Header.Get("Host"); host != "" {
		q.Host = host
	}
	resp, err := http.DefaultClient.Do(q)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s %s\n%s\n", r.Method, r.RequestURI, r.Host, body)
	_, _ = fmt.Fprintf(w, "length %d %s\n", r.ContentLength, r.TransferEncoding)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Te", "Keep-Alive", "Hop", "Idempotency-Key"} {
		_, _ = fmt.Fprintf(w, "%s=%s\n", name, strings.Join(r.Header[name], "|"))
	}
}

func TestProxySendsToTheLeader(t *testing.T) {
	t.Parallel()
	r := serve(t, 2, echo, nil)
	a, b := r[0], r[1]

	require.Equal(t, "b", b.do(t, "POST", "/read", "x").header.Get("Served-By"), "it does not match")
	require.Equal(t, "a", a.do(t, "POST", "/write", "x").header.Get("Served-By"))
	require.EqualValues(t, 1, a.served.Load())

	got := b.do(t, "PUT", "/write/a%2Fb?x=1;y=%zz", "hello", "Host", "api.example.com", "Connection", "Hop", "Hop", "x", "Idempotency-Key", "x")
	require.Equal(t, 200, got.code)
	require.Equal(t, "a", got.header.Get("Served-By"))
	require.Equal(t, "a", got.header.Get(ha.LeaderHeader))
	require.Equal(t, "PUT /write/a%2Fb?x=1;y=%zz api.example.com\nhello\nlength 5 []\n"+
		"X-Forwarded-For=127.0.0.1\nX-Forwarded-Host=api.example.com\nX-Forwarded-Proto=http\nTe=\nKeep-Alive=\nHop=\nIdempotency-Key=x\n", got.body)

	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		require.Contains(t, b.do(t, method, "/write", "").body, "length 0 []", "%s without a body has none there", method)
	}
	require.Equal(t, 200, b.do(t, "HEAD", "/write", "").code)

	got = b.do(t, "DELETE", "/write", "", "X-Forwarded-For", "192.0.2.1", "X-Forwarded-Host", "shop.example.com", "X-Forwarded-Proto", "https")
	require.Contains(t, got.body, "X-Forwarded-For=192.0.2.1, 127.0.0.1\nX-Forwarded-Host=shop.example.com\nX-Forwarded-Proto=https\n", "behind another proxy")

	a.knows("b")
	b.knows("b")
	require.Equal(t, "b", a.do(t, "POST", "/write", "x").header.Get("Served-By"), "after a hand-over")
}

func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	to := func(text string) func(*ha.ProxyConfig) {
		return func(c *ha.ProxyConfig) {
			c.RetryAfter = 3 * time.Second
			c.LeaderURL = func(context.Context, leaderelection.Status) (*url.URL, error) {
				if text == "" {
					return nil, errors.New("some reason of the cluster's")
				}
				return url.Parse(text)
			}
		}
	}
	for name, test := range map[string]struct {
		place, holder string
		code          int
		leader, says  string
	}{
		"nobody leads":          {gone.URL, "", 503, "", "Nobody leads at present. The request was not carried out."},
		"its own term is over":  {gone.URL, "self", 503, "b", "its term is over. The request was not carried out."},
		"not known where":       {"", "z", 503, "z", "z leads, but it is not known where. The request was not carried out."},
		"a URL without a host":  {"/x", "z", 503, "z", "not known where"},
		"cannot be reached":     {gone.URL, "z", 502, "z", "z leads, and cannot be reached. The request was not carried out."},
		"a name that is no one": {"http://no-such-host.invalid", "z", 502, "z", "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serve(t, 2, echo, to(test.place))[1]
			b.knows(test.holder)
			if test.holder == "self" {
				b.mu.Lock()
				b.status = leaderelection.Status{Identity: "b", Holder: "b"}
				b.mu.Unlock()
			}
			got := b.do(t, "POST", "/write", "x")
			require.Equal(t, test.code, got.code)
			require.Equal(t, "3", got.header.Get("Retry-After"))
			require.Equal(t, test.leader, got.header.Get(ha.LeaderHeader))
			require.Contains(t, got.body, test.says)
			require.NotContains(t, got.body, "some reason", "the client is not told about the cluster")
			require.Zero(t, b.served.Load())
		})
	}
}

func TestProxyDoesNotLoop(t *testing.T) {
	t.Parallel()
	r := serve(t, 3, echo, nil)
	a, b := r[0], r[1]
	a.knows("b")
	b.knows("a")
	got := b.do(t, "POST", "/write", "x")
	require.Equal(t, 503, got.code)
	require.Contains(t, got.body, "b proxied the request to a, which does not lead: b does")
	require.Equal(t, "1", got.header.Get("Retry-After"))
	require.Zero(t, a.served.Load()+b.served.Load())

	// Who leads serves it, however it came.
	a.knows("a")
	require.Equal(t, 503, b.do(t, "POST", "/write", "x", ha.ProxiedHeader, "c").code, "what says it was proxied is not sent on")
	require.Equal(t, 200, a.do(t, "POST", "/write", "x", ha.ProxiedHeader, "c").code)
}

func TestProxyHandOverBetweenLookupAndSend(t *testing.T) {
	t.Parallel()
	var r []*serving
	r = serve(t, 3, echo, func(c *ha.ProxyConfig) {
		place := c.LeaderURL
		c.LeaderURL = func(ctx context.Context, s leaderelection.Status) (*url.URL, error) {
			found, err := place(ctx, s)
			r[0].knows("c")
			r[2].knows("c")
			return found, err
		}
	})
	got := r[1].do(t, "POST", "/write", "x")
	require.Equal(t, 503, got.code)
	require.Equal(t, "c", got.header.Get(ha.LeaderHeader), "from who knew better")
	require.Contains(t, got.body, "c does, as far as is known here")
	require.Zero(t, r[0].served.Load()+r[1].served.Load()+r[2].served.Load())
}

func TestProxyLookupThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := ha.NewProxy(ha.ProxyConfig{
			Status: func() leaderelection.Status { return leaderelection.Status{Identity: "b", Holder: "a"} },
			Local:  http.NotFoundHandler(),
			LeaderURL: func(ctx context.Context, _ leaderelection.Status) (*url.URL, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		})
		require.NoError(t, err)
		began, w := time.Now(), httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
		require.Equal(t, 503, w.Code)
		require.Equal(t, ha.DefaultProxyTimeout, time.Since(began))
	})
}

func TestProxyFaults(t *testing.T) {
	t.Parallel()
	_, err := ha.NewProxy(ha.ProxyConfig{Timeout: -time.Second, RetryAfter: 1500 * time.Millisecond})
	for _, s := range []string{
		"ProxyConfig.Status nil cannot say who leads; mend", "ProxyConfig.Local nil", "ProxyConfig.LeaderURL nil cannot say where the leader is; mend: PodURL",
		"ProxyConfig.Timeout -1s is negative", "ProxyConfig.RetryAfter 1.5s is no number of whole seconds",
	} {
		require.ErrorContains(t, err, s)
	}
}

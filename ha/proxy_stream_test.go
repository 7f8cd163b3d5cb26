package ha_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// A leader that dies when a request has reached it got that request once,
// though net/http would repeat it on a connection that was used before.
func TestProxyRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		for name, request := range map[string][]string{
			"GET":                                  {"GET", ""},
			"DELETE":                               {"DELETE", ""},
			"POST":                                 {"POST", "body"},
			"POST without a body":                  {"POST", ""},
			"POST with Idempotency-Key":            {"POST", "body", "Idempotency-Key", "x"},
			"POST with Idempotency-Key, no body":   {"POST", "", "Idempotency-Key", "x"},
			"POST with X-Idempotency-Key, no body": {"POST", "", "X-Idempotency-Key", "x"},
		} {
			t.Run(fmt.Sprintf("%s keeping connections %v", name, keep), func(t *testing.T) {
				t.Parallel()
				var deaths atomic.Int32
				r := serve(t, 2, func(w http.ResponseWriter, q *http.Request) {
					_, _ = io.ReadAll(q.Body)
					if q.URL.Path == "/die" {
						deaths.Add(1)
						panic(http.ErrAbortHandler)
					}
				}, func(c *ha.ProxyConfig) {
					if keep {
						transport := &http.Transport{}
						t.Cleanup(transport.CloseIdleConnections)
						c.Transport = transport
					}
				})
				require.Equal(t, 200, r[1].do(t, "GET", "/live", "").code)
				got := r[1].do(t, request[0], "/die", request[1], request[2:]...)
				require.Equal(t, 502, got.code)
				require.Contains(t, got.body, "a leads, and did not answer. The request may have been carried out, or not.")
				require.Equal(t, "a", got.header.Get(ha.LeaderHeader))
				require.NotEmpty(t, got.header.Get("Retry-After"))
				require.EqualValues(t, 1, deaths.Load())
			})
		}
	}
}

func TestProxyStreams(t *testing.T) {
	t.Parallel()
	heard := make(chan string)
	r := serve(t, 2, func(w http.ResponseWriter, q *http.Request) {
		buffer := make([]byte, 3)
		_, _ = io.ReadFull(q.Body, buffer)
		heard <- string(buffer)
		_, _ = io.ReadAll(q.Body)
		w.Header().Set("Trailer", "Sum")
		_, _ = io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		heard <- "flushed"
		_, _ = io.WriteString(w, "two")
		w.Header().Set("Sum", "42")
	}, nil)
	body, write := io.Pipe()
	q, err := http.NewRequestWithContext(t.Context(), "POST", r[1].url.String()+"/write", body)
	require.NoError(t, err)
	first := make(chan string, 1)
	go func() {
		_, _ = io.WriteString(write, "abc")
		first <- <-heard // the body ends only after that
		_ = write.Close()
	}()
	resp, err := http.DefaultClient.Do(q)
	require.NoError(t, err)
	require.Equal(t, "abc", <-first, "the leader reads what the client has sent so far")
	buffer := make([]byte, 3)
	_, err = io.ReadFull(resp.Body, buffer)
	require.NoError(t, err)
	require.Equal(t, "one", string(buffer), "the client reads what the leader has sent so far")
	require.Equal(t, "flushed", <-heard)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "two", string(rest))
	require.Equal(t, "42", resp.Trailer.Get("Sum"))
	require.NoError(t, resp.Body.Close())
}

// ReverseProxy holds back what it knows the length of, unless told otherwise.
func TestProxyAnswerOfKnownLengthIsNotHeldBack(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	r := serve(t, 2, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		_, _ = io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		<-read
		_, _ = io.WriteString(w, "two")
	}, nil)
	resp, err := http.Get(r[1].url.String() + "/write")
	require.NoError(t, err)
	buffer := make([]byte, 3)
	_, err = io.ReadFull(resp.Body, buffer)
	require.NoError(t, err)
	close(read)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "onetwo", string(buffer)+string(rest))
	require.NoError(t, resp.Body.Close())
}

func TestProxyAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	r := serve(t, 2, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}, nil)
	resp, err := http.Get(r[1].url.String() + "/write")
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "not taken for a whole answer")
	require.Equal(t, "half", string(text))
	require.NoError(t, resp.Body.Close())
}

// A slow leader is waited for as long as the client does, and no longer.
func TestProxySlowLeader(t *testing.T) {
	t.Parallel()
	arrived, gaveUp := make(chan struct{}), make(chan struct{})
	r := serve(t, 2, func(_ http.ResponseWriter, q *http.Request) {
		close(arrived)
		<-q.Context().Done()
		close(gaveUp)
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(ctx, "POST", r[1].url.String()+"/write", nil)
	require.NoError(t, err)
	result := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(q)
		if err == nil {
			err = resp.Body.Close()
		}
		result <- err
	}()
	<-arrived
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	<-gaveUp
}

func TestProxyUpgrades(t *testing.T) {
	t.Parallel()
	r := serve(t, 2, func(w http.ResponseWriter, _ *http.Request) {
		conn, both, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = both.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = both.Flush()
		line, _ := both.ReadString('\n')
		_, _ = both.WriteString(strings.ToUpper(line))
		_ = both.Flush()
	}, nil)
	conn, err := net.Dial("tcp", r[1].url.Host)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	_, err = io.WriteString(conn, "GET /write HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 101, resp.StatusCode)
	require.Equal(t, "a", resp.Header.Get(ha.LeaderHeader))
	_, err = io.WriteString(conn, "hello\n")
	require.NoError(t, err)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HELLO\n", line)
}

func TestProxyTLS(t *testing.T) {
	t.Parallel()
	leader := httptest.NewTLSServer(http.HandlerFunc(echo))
	t.Cleanup(leader.Close)
	change := func(transport http.RoundTripper) func(*ha.ProxyConfig) {
		return func(c *ha.ProxyConfig) {
			c.Transport = transport
			c.LeaderURL = func(context.Context, leaderelection.Status) (*url.URL, error) { return url.Parse(leader.URL + "/base") }
		}
	}
	got := serve(t, 2, echo, change(leader.Client().Transport))[1].do(t, "POST", "/write", "x")
	require.Equal(t, 200, got.code)
	require.Contains(t, got.body, "POST /base/write")
	got = serve(t, 2, echo, change(nil))[1].do(t, "POST", "/write", "x")
	require.Equal(t, 502, got.code, "a certificate that nobody vouches for")
}

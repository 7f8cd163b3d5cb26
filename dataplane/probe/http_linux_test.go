package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
)

// site serves what the tests ask for.
func site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "all is well") })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %s %s %s close=%v.", r.Method, r.URL.RawQuery, r.Host, r.Header.Get("X-Probe"), r.UserAgent(), r.Close)
	})
	mux.HandleFunc("/status/503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "late")
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "all is")
	})
	return mux
}

// serve serves handler at host, with TLS or not, and counts the connections.
func serve(t *testing.T, host string, secure bool, handler http.Handler, connections *atomic.Int32) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	require.NoError(t, server.Listener.Close())
	server.Listener = listen(t, host)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, host string) {
		for name, secure := range map[string]bool{"HTTP": false, "HTTPS": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var connections atomic.Int32
				server := serve(t, host, secure, site(), &connections)
				where := at(server.Listener.Addr())
				only := []probe.StatusRange{{503, 503}, {302, 302}}
				cases := []struct {
					probe probe.HTTP
					says  string // "" = it is well
				}{
					{probe.HTTP{}, ""},
					{probe.HTTP{Method: "HEAD"}, ""},
					{probe.HTTP{Body: "is well"}, ""},
					{probe.HTTP{Body: "is ill"}, `"is ill" is not in the first 11 bytes of the body`},
					{probe.HTTP{Path: "/status/503"}, "/status/503: status 503 is not expected, but [200-299]"},
					{probe.HTTP{Path: "/status/503", Status: only}, ""},
					{probe.HTTP{Path: "/", Status: only}, "status 200 is not expected, but [503-503 302-302]"},
					{probe.HTTP{Path: "/redirect"}, "status 302 is not expected"},
					{probe.HTTP{Path: "/redirect", Status: only}, ""},
					{probe.HTTP{Path: "/early", Body: "late"}, ""},
					{probe.HTTP{Path: "/endless"}, ""},
					{probe.HTTP{Path: "/endless", Body: "y"}, `"y" is not in the first 65536 bytes of the body`},
					{probe.HTTP{Path: "/cut", Body: "all is"}, ""},
					{probe.HTTP{Path: "/cut", Body: "well"}, `"well" is not in the 6 bytes that came of the body: unexpected EOF`},
					{probe.HTTP{Path: "/echo?a=b", Method: "OPTIONS", Host: "web.example:81", Header: http.Header{"x-probe": {"yes"}}, Body: "OPTIONS a=b web.example:81 yes regent-probe close=true."}, ""},
					{probe.HTTP{Path: "/echo", Body: "GET  " + where.Addr.String() + " "}, ""},
				}
				for _, c := range cases {
					if secure {
						c.probe.TLS = &probe.TLS{InsecureSkipVerify: true}
					}
					err := check(t, c.probe, where)
					if c.says == "" {
						require.NoError(t, err)
					} else {
						require.ErrorContains(t, err, c.says)
						require.ErrorContains(t, err, "probe: GET "+strings.ToLower(name)+"://"+where.Addr.String())
					}
				}
				require.EqualValues(t, len(cases), connections.Load(), "each check has a connection of its own")
			})
		}
	})
}

func TestHTTPSCertificate(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	var asked atomic.Value
	server := httptest.NewUnstartedServer(site())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		asked.Store(h.ServerName)
		return nil, nil
	}}
	server.StartTLS()
	defer server.Close()
	where := at(server.Listener.Addr())
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate()) // for example.com, *.example.com, 127.0.0.1 and ::1

	var unknown *tls.CertificateVerificationError
	require.ErrorAs(t, check(t, probe.HTTP{TLS: &probe.TLS{}}, where), &unknown, "a stranger signed it")
	require.NoError(t, check(t, probe.HTTP{TLS: &probe.TLS{RootCAs: roots}}, where), "it is for the address")
	var wrong x509.HostnameError
	require.ErrorAs(t, check(t, probe.HTTP{TLS: &probe.TLS{RootCAs: roots, ServerName: "other.test"}}, where), &wrong)
	require.Equal(t, "other.test", asked.Load())
	require.ErrorAs(t, check(t, probe.HTTP{Host: "other.test:443", TLS: &probe.TLS{RootCAs: roots}}, where), &wrong)
	require.NoError(t, check(t, probe.HTTP{Host: "www.example.com:443", TLS: &probe.TLS{RootCAs: roots}}, where))
	require.Equal(t, "www.example.com", asked.Load())
	require.NoError(t, check(t, probe.HTTP{Host: "other.test", TLS: &probe.TLS{RootCAs: roots, ServerName: "example.com"}}, where))
	require.NoError(t, check(t, probe.HTTP{TLS: &probe.TLS{InsecureSkipVerify: true, ServerName: "other.test"}}, where))

	plain := at(serve(t, "127.0.0.1", false, site(), &connections).Listener.Addr())
	require.ErrorContains(t, check(t, probe.HTTP{TLS: &probe.TLS{}}, plain), "first record does not look like a TLS handshake")
}

// An endpoint that asks for a certificate is shown the one that is set.
func TestHTTPSClientCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(site())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	where := at(server.Listener.Addr())
	require.Error(t, check(t, probe.HTTP{TLS: &probe.TLS{InsecureSkipVerify: true}}, where))
	mine := probe.TLS{InsecureSkipVerify: true, Certificates: server.TLS.Certificates}
	require.NoError(t, check(t, probe.HTTP{TLS: &mine}, where))
}

// A proxy of the environment is not asked.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	var connections atomic.Int32
	server := serve(t, "127.0.0.1", false, site(), &connections)
	require.NoError(t, check(t, probe.HTTP{Host: "web.example"}, at(server.Listener.Addr())))
}

// raw accepts one connection after another, and answers each with pieces, for as
// long as the other side takes them.
func raw(t *testing.T, piece string, times int, pause time.Duration) probe.Destination {
	t.Helper()
	l := listen(t, "127.0.0.1")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			for range times {
				if _, err := io.WriteString(conn, piece); err != nil {
					break
				}
				time.Sleep(pause)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return at(l.Addr())
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		where probe.Destination
		says  string
	}{
		"closed":         {raw(t, "", 0, 0), "the connection was closed before the end of the answer's header"},
		"half a header":  {raw(t, "HTTP/1.1 200 OK\r\nA: b\r\n", 1, 0), "the connection was closed before the end of the answer's header"},
		"endless header": {raw(t, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("b", 1<<18), 1, 0), "the answer's header is longer than 65536 bytes"},
		"endless lines":  {raw(t, "HTTP/1.1 103 Early\r\n\r\n", 1<<14, 0), "the answer's header is longer than 65536 bytes"},
		"no HTTP":        {raw(t, "220 mail ESMTP\r\n", 1, 0), "malformed HTTP"},
		"switching":      {raw(t, "HTTP/1.1 101 Switching Protocols\r\n\r\n", 1, 0), "status 101 was not asked for"},
		"refused":        {closed(t, "127.0.0.1"), "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, check(t, probe.HTTP{}, c.where), c.says)
		})
	}
}

// Whatever comes drop by drop ends with the check's timeout.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		probe probe.HTTP
		where probe.Destination
	}{
		"no answer":   {probe.HTTP{}, at(listen(t, "127.0.0.1").Addr())},
		"no TLS":      {probe.HTTP{TLS: &probe.TLS{}}, at(listen(t, "127.0.0.1").Addr())},
		"slow header": {probe.HTTP{}, raw(t, "HTTP/1.1 103 Early Hints\r\n\r\n", 1000, 10*time.Millisecond)},
		"slow body":   {probe.HTTP{Body: "x"}, raw(t, "HTTP/1.1 200 OK\r\n\r\n", 1000, 10*time.Millisecond)},
		"no SYN-ACK":  {probe.HTTP{}, full(t, "127.0.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkFor(t, 100*time.Millisecond, c.probe, c.where)
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			require.True(t, timeout.Timeout())
		})
	}
}

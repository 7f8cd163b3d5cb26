package ha

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

type proxy struct{ cfg ProxyConfig }

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.cfg.Match(r) {
		p.cfg.Local.ServeHTTP(w, r)
		return
	}
	s := p.cfg.Status()
	by, proxied := r.Header[ProxiedHeader]
	switch {
	case s.Leader:
		p.cfg.Local.ServeHTTP(w, r)
	case s.Holder == "":
		p.refuse(w, s, http.StatusServiceUnavailable, "Nobody leads at present. The request was not carried out.")
	case s.Holder == s.Identity:
		p.refuse(w, s, http.StatusServiceUnavailable, "This replica led, and its term is over. The request was not carried out.")
	case proxied:
		p.refuse(w, s, http.StatusServiceUnavailable, fmt.Sprintf(
			"%s proxied the request to %s, which does not lead: %s does, as far as is known here. The request was not carried out.", strings.Join(by, ", "), s.Identity, s.Holder))
	default:
		p.send(w, r, s)
	}
}

// refuse answers what was not served.
func (p *proxy) refuse(w http.ResponseWriter, s leaderelection.Status, code int, text string) {
	if s.Holder != "" {
		w.Header().Set(LeaderHeader, s.Holder)
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(p.cfg.RetryAfter/time.Second)))
	http.Error(w, text, code)
}

// send proxies the request, once.
func (p *proxy) send(w http.ResponseWriter, r *http.Request, s leaderelection.Status) {
	logger := p.cfg.Logger.With("method", r.Method, "path", r.URL.Path, "holder", s.Holder)
	target, err := p.find(r.Context(), s)
	if err != nil {
		logger.Warn("where the leader is could not be found out", "error", err)
		p.refuse(w, s, http.StatusServiceUnavailable, s.Holder+" leads, but it is not known where. The request was not carried out.")
		return
	}
	reverse := &httputil.ReverseProxy{
		Rewrite:       func(pr *httputil.ProxyRequest) { rewrite(pr, target, s.Identity) },
		Transport:     p.cfg.Transport,
		FlushInterval: -1, // at once
		ErrorLog:      slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		ModifyResponse: func(answer *http.Response) error {
			if answer.Header.Get(LeaderHeader) == "" { // else it comes from a proxy that knew better
				answer.Header.Set(LeaderHeader, s.Holder)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(r.Context().Err(), context.Canceled) {
				logger.Debug("the client did not wait for the leader's answer", "error", err)
				panic(http.ErrAbortHandler) // nobody reads an answer
			}
			logger.Warn("the leader did not answer", "url", target.Redacted(), "error", err)
			text := s.Holder + " leads, and did not answer. The request may have been carried out, or not."
			if undialled(err) {
				text = s.Holder + " leads, and cannot be reached. The request was not carried out."
			}
			p.refuse(w, s, http.StatusBadGateway, text)
		},
	}
	reverse.ServeHTTP(w, r)
}

func (p *proxy) find(ctx context.Context, s leaderelection.Status) (*url.URL, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	target, err := p.cfg.LeaderURL(ctx, s)
	if err != nil {
		return nil, err
	}
	if target == nil || target.Host == "" {
		return nil, fmt.Errorf("ha: LeaderURL %v has no host; mend: scheme://host:port", target)
	}
	return target, nil
}

// rewrite makes the outgoing request. Its hop-by-hop headers are gone already.
func rewrite(pr *httputil.ProxyRequest, target *url.URL, identity string) {
	query := pr.In.URL.RawQuery // as the client wrote it
	pr.SetURL(target)
	if target.RawQuery == "" {
		pr.Out.URL.RawQuery = query
	}
	pr.Out.Host = pr.In.Host
	// ReverseProxy has taken out what other proxies wrote. The leader's handler
	// trusts them as much as this replica's does.
	pr.Out.Header["X-Forwarded-For"] = pr.In.Header["X-Forwarded-For"]
	pr.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if before := pr.In.Header[name]; len(before) > 0 {
			pr.Out.Header[name] = before
		}
	}
	pr.Out.Header.Set(ProxiedHeader, identity)
	sendOnce(pr.Out)
}

// sendOnce makes a request one that net/http does not repeat when its
// connection fails: it has no body, and a method or an Idempotency-Key by which
// it seems to allow that.
func sendOnce(r *http.Request) {
	r.GetBody = nil
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := r.Header[key]; ok { // net/http does not find it in lower case
			delete(r.Header, key)
			r.Header[strings.ToLower(key)] = values
		}
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		if r.Body == nil {
			r.Body = emptyBody{} // not known to be none until it is read
		}
	}
}

type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }

// undialled reports whether a request failed before a connection was there.
func undialled(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// proxyTransport keeps no connections.
func proxyTransport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    timeout,
		DisableKeepAlives:      true,
		DisableCompression:     true, // what the client asked for is what it gets
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

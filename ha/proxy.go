package ha

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// Headers of a proxied request and of the answers to it.
const (
	// LeaderHeader names who leads, in each answer that the proxy gives or passes
	// on.
	LeaderHeader = "Regent-Leader"
	// ProxiedHeader names the replica that has proxied a request. One that has
	// it is never proxied again.
	ProxiedHeader = "Regent-Proxied-By"
)

// DefaultProxyTimeout is what ProxyConfig.Timeout 0 stands for.
const DefaultProxyTimeout = 5 * time.Second

// LeaderURL says where the holder of the lock serves. Status.Holder is never
// "". The request's path is appended to the URL's. See [PodURL].
type LeaderURL func(ctx context.Context, s leaderelection.Status) (*url.URL, error)

// ProxyConfig describes the handler of [NewProxy].
type ProxyConfig struct {
	// Status says who leads, such as an Elector's method. Required: a program
	// that leads without an election, as Plain does, needs no proxy.
	Status func() leaderelection.Status
	// Match says which requests the leader has to serve, such as all that write.
	// nil = all.
	Match func(*http.Request) bool
	// Local serves what does not match, and everything while this process
	// leads. Required.
	Local http.Handler
	// LeaderURL says where to send the others. Required.
	LeaderURL LeaderURL
	// Transport sends them: the place for TLS. nil = HTTP/1.1 on a new
	// connection for each request, as one that the leader closes at the wrong
	// moment fails a write that nobody may repeat.
	Transport http.RoundTripper
	// Timeout bounds LeaderURL, and if Transport is nil each of dialling and the
	// TLS handshake. The answer itself may take as long as the client waits.
	// 0 = 5 s. Not negative.
	Timeout time.Duration
	// RetryAfter is what a client is told to wait for when its request was not
	// served. Whole seconds. 0 = 1 s. Not negative.
	RetryAfter time.Duration
	// Logger: nil = slog.Default().
	Logger *slog.Logger
}

// NewProxy returns a handler that serves requests here or sends them to the
// leader.
//
// A request is sent at most once: nothing is repeated, whatever its method, its
// Idempotency-Key, and the Transport. (A Transport that keeps connections may
// begin again if nothing was sent, or if by HTTP/2 the leader says that it has
// not looked at the request.) Neither bodies nor answers are held back, so
// streams, trailers and upgrades such as WebSocket pass. The
// leader sees the request's Host, and X-Forwarded-For, -Host and -Proto, as from
// any reverse proxy: what a proxy before this one has written there stays.
//
// A request that was not served is answered
//
//   - 503, if nobody leads, if it is not known where, or if the request was
//     proxied already and this replica does not lead: a hand-over lies between
//     the two, and the request is not sent on;
//   - 502, if the leader could not be reached or did not answer. The text says
//     whether the request may have been carried out.
//
// Both have Retry-After and, if somebody leads, LeaderHeader.
func NewProxy(cfg ProxyConfig) (http.Handler, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Match == nil {
		cfg.Match = func(*http.Request) bool { return true }
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultProxyTimeout
	}
	if cfg.Transport == nil {
		cfg.Transport = proxyTransport(cfg.Timeout)
	}
	if cfg.RetryAfter == 0 {
		cfg.RetryAfter = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &proxy{cfg: cfg}, nil
}

func (c ProxyConfig) validate() error {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: "ProxyConfig." + field, Value: value, Bound: bound, Mend: mend})
	}
	if c.Status == nil {
		fault("Status", "nil", "cannot say who leads", "the Status method of an Elector; without an election, use Local alone")
	}
	if c.Local == nil {
		fault("Local", "nil", "cannot serve", "the program's own handler")
	}
	if c.LeaderURL == nil {
		fault("LeaderURL", "nil", "cannot say where the leader is", "PodURL, or a function of your own")
	}
	if c.Timeout < 0 {
		fault("Timeout", c.Timeout, "is negative", "0 for the default, or a longer time")
	}
	if c.RetryAfter < 0 || c.RetryAfter%time.Second != 0 {
		fault("RetryAfter", c.RetryAfter, "is no number of whole seconds", fmt.Sprintf("0 for the default, or such as %v", 2*time.Second))
	}
	return errors.Join(faults...)
}

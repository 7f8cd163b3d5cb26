package probe

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Bounds of what is read of an answer.
const (
	MaxHeader = 64 << 10
	MaxBody   = 64 << 10
)

// HTTP is well if a request is answered with a status that is expected. Each
// check has a connection of its own: one that is kept would hide that no new
// ones are taken. It speaks HTTP/1.1, follows no redirect, uses no proxy and
// keeps no cookies.
type HTTP struct {
	// TLS makes it HTTPS. nil = plain HTTP.
	TLS *TLS
	// Method is GET, HEAD or another without a body. "" = GET.
	Method string
	// Path is what is asked for, with its query: "/healthz?full=1". "" = "/".
	Path string
	// Host is the Host header. "" = the destination's address and port.
	Host string
	// Header has further headers. Optional.
	Header http.Header
	// Status are the statuses that are well. nil = 200 to 299.
	Status []StatusRange
	// Body is what the first MaxBody bytes of the body have to contain. "" = the
	// body is not read.
	Body string
}

// StatusRange is a range of statuses, both ends included.
type StatusRange struct{ Low, High int }

func (r StatusRange) String() string { return fmt.Sprintf("%d-%d", r.Low, r.High) }

// Validate is part of [Probe].
func (h HTTP) Validate() error {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	if _, err := http.NewRequest(h.method(), "http://localhost", nil); err != nil {
		fault("Method", h.Method, "is no method", "GET or HEAD")
	}
	if u, err := url.ParseRequestURI(h.path()); err != nil || u.Host != "" || !strings.HasPrefix(h.path(), "/") {
		fault("Path", h.Path, "is no path", `one that starts with "/", and escapes what URLs escape`)
	}
	if u, err := url.Parse("//" + h.Host); err != nil || u.Host != h.Host || strings.ContainsAny(h.Host, " \r\n") {
		fault("Host", h.Host, "is no host", "a name or an address, with a port if it is not the usual one")
	}
	for name, values := range h.Header {
		if name == "" || strings.ContainsAny(name, " :\r\n") || strings.ContainsAny(strings.Join(values, ""), "\r\n") {
			fault("Header", fmt.Sprintf("%q", name), "is no header", "a name without blanks and colons, and a value of one line")
		}
	}
	for i, r := range h.Status {
		if r.Low < 200 || r.High > 599 || r.Low > r.High {
			fault(fmt.Sprintf("Status[%d]", i), r, "is no range from 200 to 599", "such as 200-299")
		}
	}
	if len(h.Body) > MaxBody {
		fault("Body", fmt.Sprintf("of %d bytes", len(h.Body)), fmt.Sprintf("is longer than %d", MaxBody), "a part of it that tells")
	}
	if h.Body != "" && h.Method == http.MethodHead {
		fault("Body", h.Body, "cannot be in an answer to HEAD", "GET")
	}
	return errors.Join(faults...)
}

func (h HTTP) method() string { return cmp.Or(h.Method, http.MethodGet) }
func (h HTTP) path() string   { return cmp.Or(h.Path, "/") }

// Check is part of [Probe].
func (h HTTP) Check(ctx context.Context, at Destination) error {
	if err := h.check(ctx, at); err != nil {
		scheme := "http"
		if h.TLS != nil {
			scheme = "https"
		}
		return fmt.Errorf("probe: %s %s://%s%s: %w", h.method(), scheme, at.Addr, h.path(), err)
	}
	return nil
}

func (h HTTP) check(ctx context.Context, at Destination) error {
	conn, err := at.dial(ctx, "tcp", nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer abortOn(ctx, conn)()
	if h.TLS != nil {
		secured := tls.Client(conn, h.TLS.config(h.Host, at))
		if err := secured.HandshakeContext(ctx); err != nil {
			return err
		}
		conn = secured
	}
	request, err := h.request(at)
	if err != nil {
		return err
	}
	if err := request.Write(conn); err != nil {
		return err
	}
	answer, err := readAnswer(conn, request) //nolint:bodyclose // it would read all that is left; conn is closed
	if err != nil {
		return err
	}
	return h.judge(answer)
}

func (h HTTP) request(at Destination) (*http.Request, error) {
	request, err := http.NewRequest(h.method(), "http://"+at.Addr.String()+h.path(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "regent-probe")
	for name, values := range h.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Host = cmp.Or(h.Host, at.Addr.String())
	request.Close = true
	return request, nil
}

// readAnswer reads the header of the answer, past those that only announce it.
func readAnswer(conn net.Conn, request *http.Request) (*http.Response, error) {
	limited := &io.LimitedReader{R: conn, N: MaxHeader}
	reader := bufio.NewReader(limited)
	for {
		answer, err := http.ReadResponse(reader, request)
		switch {
		case err != nil && limited.N <= 0:
			return nil, fmt.Errorf("the answer's header is longer than %d bytes", MaxHeader)
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return nil, fmt.Errorf("the connection was closed before the end of the answer's header: %w", err)
		case err != nil:
			return nil, err
		case answer.StatusCode >= 200:
			limited.N = math.MaxInt64 // judge reads with a limit of its own
			return answer, nil
		case answer.StatusCode == http.StatusSwitchingProtocols:
			return nil, errors.New("status 101 was not asked for")
		}
	}
}

func (h HTTP) judge(answer *http.Response) error {
	expected := h.Status
	if expected == nil {
		expected = []StatusRange{{200, 299}}
	}
	if !slices.ContainsFunc(expected, func(r StatusRange) bool { return r.Low <= answer.StatusCode && answer.StatusCode <= r.High }) {
		return fmt.Errorf("status %d is not expected, but %v", answer.StatusCode, expected)
	}
	if h.Body == "" {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody))
	if bytes.Contains(body, []byte(h.Body)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%q is not in the %d bytes that came of the body: %w", h.Body, len(body), err)
	}
	return fmt.Errorf("%q is not in the first %d bytes of the body", h.Body, len(body))
}

package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"syscall"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
)

// Client asks the load balancer that listens at a socket.
type Client struct {
	path string
	http http.Client
}

// NewClient returns a Client for the socket at path.
func NewClient(path string) *Client {
	c := &Client{path: path}
	c.http.Transport = &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: dialTimeout}
			return dialer.DialContext(ctx, "unix", path)
		},
	}
	return c
}

// Report asks for all that the load balancer says of itself.
func (c *Client) Report(ctx context.Context) (r balancer.Report, err error) {
	return r, c.ask(ctx, http.MethodGet, "report", nil, &r)
}

// Drain and Undrain return the endpoints that were found.
func (c *Client) Drain(ctx context.Context, endpoint string) ([]netip.AddrPort, error) {
	var found Endpoints
	err := c.ask(ctx, http.MethodPost, "drain", url.Values{"endpoint": {endpoint}}, &found)
	return found.Endpoints, err
}

// Undrain ends what Drain began.
func (c *Client) Undrain(ctx context.Context, endpoint string) ([]netip.AddrPort, error) {
	var found Endpoints
	err := c.ask(ctx, http.MethodPost, "undrain", url.Values{"endpoint": {endpoint}}, &found)
	return found.Endpoints, err
}

// Flows calls each with one connection after another.
func (c *Client) Flows(ctx context.Context, f Filter, each func(Flow) error) error {
	body, err := c.send(ctx, http.MethodGet, "flows", f.query())
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	decoder := json.NewDecoder(body)
	for {
		var flow Flow
		err := decoder.Decode(&flow)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the answer of the load balancer ended early: %w", err)
		case flow.Error != "":
			return fmt.Errorf("there may be more connections: %s", flow.Error)
		}
		if err := each(flow); err != nil {
			return err
		}
	}
}

func (c *Client) ask(ctx context.Context, method, what string, query url.Values, into any) error {
	body, err := c.send(ctx, method, what, query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("the answer of the load balancer cannot be read: %w; mend: use the same version as the one that runs", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, what string, query url.Values) (io.ReadCloser, error) {
	target := url.URL{Scheme: "http", Host: "load-balancer", Path: "/v1/" + what, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }()
	var refusal Refusal
	if json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&refusal) == nil && refusal.Error != "" {
		return nil, errors.New(refusal.Error)
	}
	return nil, fmt.Errorf("the load balancer at %s answered %q to %s; mend: use the same version as the one that runs", c.path, response.Status, target.Path)
}

// explain says what can be done about a socket that does not answer.
func (c *Client) explain(err error) error {
	var dial *net.OpError
	if !errors.As(err, &dial) {
		return fmt.Errorf("the load balancer at %s does not answer: %w", c.path, err)
	}
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("there is no socket %s; mend: start the load balancer, or give -socket the path that its file has", c.path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %s: the load balancer that did was killed; mend: start it, or give -socket the path that its file has", c.path)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("no permission to use %s; mend: be the user that the load balancer runs as, or root", c.path)
	}
	return fmt.Errorf("the load balancer at %s does not answer: %w", c.path, dial.Err)
}

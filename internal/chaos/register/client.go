package register

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Client reaches a Server.
type Client struct {
	// URL is the server's, without a path.
	URL string
	// HTTP sends requests: through the write gate, if there is one.
	HTTP *http.Client
}

// Read returns the value of a register, and raises its fence to token.
func (c *Client) Read(ctx context.Context, name string, token uint64) (State, error) {
	var s State
	query := url.Values{"token": {strconv.FormatUint(token, 10)}}
	err := c.do(ctx, http.MethodGet, c.URL+path+name+"?"+query.Encode(), nil, &s)
	return s, err
}

// Write changes a register. After an error it may or may not have been
// changed, unless the error says that nothing was sent.
func (c *Client) Write(ctx context.Context, name string, w Write) (Outcome, error) {
	var out Outcome
	body, err := json.Marshal(w)
	if err != nil {
		return out, err
	}
	err = c.do(ctx, http.MethodPut, c.URL+path+name, body, &out)
	return out, err
}

func (c *Client) do(ctx context.Context, method, target string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("register: %s %s: %s", method, target, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("register: %s %s: %w", method, target, err)
	}
	return nil
}

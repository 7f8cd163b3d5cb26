package candidate

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/lock"
)

// Client is the way of one process to the API server.
type Client struct {
	Kind Kind
	Link *Link
	// Set is the client that electors get.
	Set *kubernetes.Clientset
	// HTTP is below Set: the same connections.
	HTTP *http.Client
	// Host is where the API server is.
	Host string
}

// NewClient returns a client with connections of its own, made as the users of
// the elector make it: for Regent by lock.RESTConfig, for client-go's elector
// without further ado, but without a limit of requests per second if cfg has
// none.
func NewClient(kind Kind, cfg *rest.Config) (*Client, error) {
	c := &Client{Kind: kind, Link: newLink(), Host: cfg.Host}
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(c.Link.wrap) // innermost: it stands for the network
	if kind == Regent {
		cfg = lock.RESTConfig(cfg)
	} else {
		// client-go's own settings. That it is set keeps client-go from sharing
		// the connections of this process.
		cfg.Dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	var err error
	if c.HTTP, err = rest.HTTPClientFor(cfg); err != nil {
		return nil, fmt.Errorf("client of %s: %w", kind, err)
	}
	if c.Set, err = kubernetes.NewForConfigAndClient(cfg, c.HTTP); err != nil {
		return nil, fmt.Errorf("client of %s: %w", kind, err)
	}
	return c, nil
}

// CloseIdle closes the connections that carry nothing now, as happens by
// itself to those that lie idle for 90 s.
func (c *Client) CloseIdle() { utilnet.CloseIdleConnectionsFor(c.HTTP.Transport) }

// OpenWatch begins a watch of a Lease that there is not, and reads nothing of
// it. It is closed when ctx ends.
func (c *Client) OpenWatch(ctx context.Context, namespace string) error {
	query := url.Values{"watch": {"true"}, "fieldSelector": {"metadata.name=none"}}
	where := c.Host + "/apis/coordination.k8s.io/v1/namespaces/" + namespace + "/leases?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return err
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("watch %s: %s", where, resp.Status)
	}
	return nil
}

package lock

import (
	"cmp"
	"context"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// RESTConfig returns a copy of cfg for a client that only elections use:
//
//	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
//
// It has connections of its own, so that the program's other traffic does not
// delay a renewal. It speaks HTTP/1.1, in which a request that got stuck does
// not take the next one with it (a black-holed HTTP/2 connection is shared by
// all requests for about 46 s, longer than a lease lasts), and it dials anew
// while one is stuck. It has no client-side rate limit, needs no more than a few
// seconds to find out that a host does not answer, and speaks protobuf, so it is
// for built-in kinds.
func RESTConfig(cfg *rest.Config) *rest.Config {
	c := rest.CopyConfig(cfg)
	c.UserAgent = cmp.Or(c.UserAgent, rest.DefaultKubernetesUserAgent()) + "/leader-election"
	c.QPS = -1
	c.RateLimiter = nil
	c.NextProtos = []string{"http/1.1"}
	c.ContentType = runtime.ContentTypeProtobuf
	c.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	c.Wrap(newFreshConnections)
	if c.Dial == nil {
		dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 5 * time.Second}
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address) // a dialer of its own keeps client-go from sharing connections
		}
	}
	return c
}

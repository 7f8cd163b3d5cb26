package integration_test

import (
	"context"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

var plane cptest.Shared

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// A firewall that drops a connection's packets without a reset must not cost
// the leadership: the next attempt goes another way. With the connections that
// client-go shares by default it does (HTTP/2, about 46 s).
func TestLeaderSurvivesBlackHoledConnections(t *testing.T) {
	cfg, p := throughProxy(t)
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	require.NoError(t, err)
	renewed := make(chan time.Time, 100)
	l, err := lock.NewLease(lock.LeaseConfig{Client: client.CoordinationV1(), Namespace: plane.Namespace(t), Name: "lock"})
	require.NoError(t, err)
	elector, err := leaderelection.NewElector(leaderelection.Config{
		Lock: l, LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second,
		Observers: []leaderelection.Observer{func(e leaderelection.Event) {
			if e.Kind == leaderelection.EventRequest && e.Request == "renew" && e.Err == nil {
				renewed <- e.Time
			}
		}},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	terms := 0
	go func() {
		result <- elector.Run(ctx, func(ctx context.Context) error {
			terms++
			<-ctx.Done()
			return nil
		})
	}()
	<-renewed // on a connection that is kept open
	for range 3 {
		p.blackHole()
		hole := time.Now()
		for at := range renewed {
			if at.After(hole) {
				break
			}
		}
	}
	require.True(t, elector.IsLeader())
	cancel()
	require.NoError(t, <-result)
	require.Equal(t, 1, terms, "a term was lost to a black hole")
}

// throughProxy returns a configuration that reaches the control plane through
// a proxy.
func throughProxy(t *testing.T) (*rest.Config, *proxy) {
	cfg := rest.CopyConfig(plane.Get(t).Config())
	u, err := url.Parse(cfg.Host)
	require.NoError(t, err)
	p := newProxy(t, u.Host)
	cfg.ServerName = u.Hostname()
	u.Host = p.listener.Addr().String()
	cfg.Host = u.String()
	return cfg, p
}

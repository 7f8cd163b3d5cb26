package server_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/server"
)

const metrics = `# HELP apiserver_request_total Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 12
apiserver_request_total{code="409",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 1
apiserver_request_total{code="200",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="GET",version="v1"} 1e+03
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"} 7
apiserver_request_duration_seconds_count{resource="leases",verb="GET"} 5
`

func TestParseRequests(t *testing.T) {
	t.Parallel()
	got, err := server.ParseRequests([]byte(metrics), "leases")
	require.NoError(t, err)
	require.Equal(t, server.Requests{"put": 13, "get": 1000}, got)
	require.InDelta(t, 1013, got.Total(), 1e-9)
	require.Equal(t, server.Requests{"put": 3, "get": 1000}, got.Since(server.Requests{"put": 10}))
}

func TestParseRequestsRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`apiserver_request_total{resource="leases",verb="GET"`,
		`apiserver_request_total{resource="leases",verb="GET"} many`,
	} {
		_, err := server.ParseRequests([]byte(text), "leases")
		require.ErrorContains(t, err, "apiserver_request_total")
	}
}

func TestCPU(t *testing.T) {
	t.Parallel()
	used := func() time.Duration {
		d, err := server.CPU(os.Getpid())
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err)
		}
		require.NoError(t, err)
		return d
	}
	before := used()
	for n := 0; used() == before; n++ { // uses some, until it shows
	}
	require.Greater(t, used(), before)
	_, err := server.CPU(-1)
	require.Error(t, err)
}

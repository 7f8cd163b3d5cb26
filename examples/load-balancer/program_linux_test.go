package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/web"
	"github.com/regent-ha/regent/internal/netlab"
)

// The whole program, with real clients and endpoints: it forwards, follows
// probes and its file, is asked and told, and ends by itself.
func TestProgram(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	for i := range 2 {
		s.serve(t, i)
	}
	s.start(t, s.file([]int{0, 1, 2}, httpProbe), nil)
	r := s.await(t, "it is ready, and leads", func(r balancer.Report) bool { return r.Ready && r.Leads })
	for _, service := range r.Services {
		require.Equal(t, balancer.Down, service.Endpoints[2].Health, "nobody serves there")
		require.Contains(t, service.Endpoints[2].Reason, "connection refused")
		require.Equal(t, 2, service.Serving)
	}
	seen := s.ask(t, 40)
	require.Len(t, seen, 2*2+2*2, "two endpoints see the client by DNAT, and the SNAT address by one-arm: %v", seen)

	t.Run("an endpoint comes and goes", func(t *testing.T) {
		stop := s.serve(t, 2)
		s.await(t, "3 serve", serving(3))
		require.Len(t, s.ask(t, 60), 3*2+3*2)
		stop()
		s.await(t, "2 serve", serving(2))
		require.Len(t, s.ask(t, 40), 2*2+2*2)
	})
	t.Run("drain", func(t *testing.T) {
		endpoint := netlab.IPv4().Endpoint(0).String()
		require.Contains(t, s.do(t, "drain", endpoint), endpoint+":8080 gets no new connections")
		s.await(t, "it is applied", func(r balancer.Report) bool { return len(r.Drained) == 1 && applied(r) })
		for seen := range s.ask(t, 30) {
			require.False(t, strings.HasPrefix(seen, "endpoint0 to "+netlab.IPv4().Client().String()) || seen == "endpoint0 to "+netlab.IPv4().SNAT().String(), seen)
		}
		require.Contains(t, s.do(t, "status"), "drained     "+endpoint+":8080")
		require.Contains(t, s.do(t, "services"), "up, drained")
		s.write(t, s.file([]int{0, 1}, httpProbe))
		s.await(t, "another file is applied", func(r balancer.Report) bool { return r.Services[0].Named() == 2 && applied(r) })
		require.Contains(t, s.do(t, "status"), "drained     "+endpoint+":8080", "a reload does not change it")
		s.do(t, "undrain", endpoint)
		s.await(t, "it is applied", func(r balancer.Report) bool { return len(r.Drained) == 0 && applied(r) && r.Services[0].Serving == 2 })
		require.Len(t, s.ask(t, 40), 2*2+2*2)
	})
	t.Run("a file with a fault", func(t *testing.T) {
		s.write(t, s.file([]int{0}, httpProbe)+"bogus: 1\n")
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		r := s.await(t, "it is refused", func(r balancer.Report) bool { return len(r.File.Faults) > 0 })
		require.Contains(t, r.File.Faults[0], "bogus 1 is not known; mend: leave it out")
		require.Contains(t, s.do(t, "status"), "REFUSED")
		require.Contains(t, s.log.String(), "bogus 1 is not known")
		_, page := get(t, s.Balancer, "http://127.0.0.1:8080/")
		require.Contains(t, page, "bogus 1 is not known")
		require.Len(t, s.ask(t, 40), 2*2+2*2)
		s.write(t, s.file([]int{0, 1}, httpProbe))
		s.await(t, "it is mended", func(r balancer.Report) bool { return len(r.File.Faults) == 0 })
	})
	t.Run("pages", func(t *testing.T) {
		code, body := get(t, s.Balancer, "http://127.0.0.1:8080/status.json")
		require.Equal(t, http.StatusOK, code)
		var p web.Page
		require.NoError(t, json.Unmarshal([]byte(body), &p))
		require.Equal(t, "Forwards 4 services to 8 endpoints", p.Headline)
		code, body = get(t, s.Balancer, "http://127.0.0.1:8080/readyz")
		require.Equal(t, http.StatusOK, code, body)
		_, body = get(t, s.Balancer, "http://127.0.0.1:8080/metrics")
		for _, name := range []string{
			`regent_dataplane_interface_attached{driver="native",interface="front"} 1`, `regent_dataplane_service_endpoints_serving{service="`,
			"load_balancer_file_refused 0", `regent_ha_ready{group="load-balancer"} 1`,
		} {
			require.Contains(t, body, name)
		}
	})
	t.Run("flows", func(t *testing.T) {
		require.Contains(t, s.do(t, "flows", "-vip", netlab.IPv4().VIP(1).String()), netlab.IPv4().SNAT().String(), "of one-arm services")
		require.NotContains(t, s.do(t, "flows", "-client", "203.0.113.99"), netlab.IPv4().SNAT().String())
	})
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-s.ended, "exit code 0")
	require.NoFileExists(t, filepath.Join(s.dir, "control.sock"))
	link, err := s.Balancer.Link("front")
	require.NoError(t, err)
	require.True(t, link.Attrs().Xdp == nil || !link.Attrs().Xdp.Attached, "detached")
	require.NotContains(t, s.log.String(), "panic")
	left, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "the file")
}

// ask asks all services n times, and returns the different answers.
func (s *stage) ask(t *testing.T, n int) map[string]bool {
	t.Helper()
	seen := make(map[string]bool)
	for range n {
		for _, f := range netlab.Families() {
			for i := range 2 {
				code, said := get(t, s.Client, vip(f, i))
				require.Equal(t, http.StatusOK, code)
				seen[said] = true
			}
		}
	}
	return seen
}

// applied: nothing waits to be.
func applied(r balancer.Report) bool {
	if !r.Apply.Running.IsZero() || r.Apply.Error != "" || r.File.Waiting > 0 {
		return false
	}
	for _, s := range r.Services {
		for _, e := range s.Endpoints {
			takes := e.Weight > 0 && !e.Drained && (e.Health == balancer.Up || e.Health == balancer.NotProbed)
			if takes != (e.Share > 0) {
				return false
			}
		}
	}
	return true
}

func serving(n int) func(balancer.Report) bool {
	return func(r balancer.Report) bool {
		for _, s := range r.Services {
			if s.Serving != n {
				return false
			}
		}
		return applied(r)
	}
}

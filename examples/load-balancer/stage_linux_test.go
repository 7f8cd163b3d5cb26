package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/control"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
)

const servePort = 8080

// stage is a site with HTTP servers as endpoints, and the real program as the
// balancer.
type stage struct {
	*netlab.Site
	dir     string // for the file and the socket; anybody can write there
	log     *text
	cmd     *exec.Cmd
	control *control.Client
	ended   chan error
}

func newStage(t *testing.T, endpoints int) *stage {
	t.Helper()
	s := &stage{Site: netlabtest.NewSite(t, netlab.SiteConfig{Name: "rlb", Endpoints: endpoints}), log: &text{}}
	dir, err := os.MkdirTemp("", "lb") //nolint:usetesting // a socket's path has to be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o777))                   // the test may run the program as somebody else
	require.NoError(t, os.Chmod(filepath.Dir(program), 0o755)) // likewise
	s.dir, s.control = dir, control.NewClient(filepath.Join(dir, "control.sock"))
	return s
}

// serve makes an endpoint an HTTP server that says its name, until stop is
// called or the test ends.
func (s *stage) serve(t *testing.T, i int) (stop func()) {
	t.Helper()
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, _ = fmt.Fprintf(w, "endpoint%d to %s", i, host)
	})}
	for _, f := range netlab.Families() {
		listener, err := s.Endpoints[i].Listen(t.Context(), "tcp", netip.AddrPortFrom(f.Endpoint(i), servePort).String())
		require.NoError(t, err)
		go func() { _ = server.Serve(listener) }()
	}
	stop = sync.OnceFunc(func() { require.NoError(t, server.Close()) })
	t.Cleanup(stop)
	return stop
}

// file is a file with a DNAT and a one-arm service for each family. extra is added
// to each service.
func (s *stage) file(endpoints []int, extra string) string {
	var b strings.Builder
	v4, v6 := netlab.IPv4(), netlab.IPv6()
	fmt.Fprintf(&b, `seed: 42
interfaces: {allow: front|back}
listen: 127.0.0.1:8080
socket: %s
damping: {off: true}
snat: [{address: %q, ports: 1024-65535}, {address: %q, ports: 1024-65535}]
gateways: [%q, %q]
services:
`, filepath.Join(s.dir, "control.sock"), v4.SNAT(), v6.SNAT(), v4.Gateway(), v6.Gateway())
	for _, f := range netlab.Families() {
		for i, mode := range []string{"dnat", "one-arm"} {
			fmt.Fprintf(&b, "- {name: %s-%v, vip: %q, port: 80, protocol: tcp, mode: %s, endpoints: [", mode, f, f.VIP(i), mode)
			for _, e := range endpoints {
				fmt.Fprintf(&b, "{address: %q, port: %d}, ", f.Endpoint(e), servePort)
			}
			b.WriteString("]" + extra + "}\n")
		}
	}
	return b.String()
}

const httpProbe = ", probe: {type: http, path: /healthz, interval: 400ms, timeout: 300ms}"

// write writes the file, in one step.
func (s *stage) write(t *testing.T, content string) {
	t.Helper()
	name := filepath.Join(s.dir, "lb.yaml")
	require.NoError(t, os.WriteFile(name+".next", []byte(content), 0o644)) //nolint:gosec // somebody else is to read it
	require.NoError(t, os.Rename(name+".next", name))
}

// start starts the program with a file, as somebody with only these capabilities;
// nil = as this process.
func (s *stage) start(t *testing.T, content string, capabilities []uintptr) {
	t.Helper()
	s.write(t, content)
	s.cmd = exec.Command(program, "-config", filepath.Join(s.dir, "lb.yaml"))
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if capabilities != nil {
		s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: capabilities}
	}
	require.NoError(t, s.Balancer.Do(s.cmd.Start))
	s.ended = make(chan error, 1)
	go func() { s.ended <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
}

// await asks for reports until one is as it should be.
func (s *stage) await(t *testing.T, what string, is func(balancer.Report) bool) balancer.Report {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
		r, err := s.control.Report(t.Context())
		if err == nil && is(r) {
			return r
		}
		select {
		case err := <-s.ended:
			require.Fail(t, "it has ended", "%v\n%s", err, s.log)
		default:
		}
		if time.Now().After(deadline) {
			require.Fail(t, "it never says that "+what, "%v\n%+v", err, r)
		}
	}
}

// do runs a subcommand of the program.
func (s *stage) do(t *testing.T, args ...string) string {
	t.Helper()
	code, said := run(t, exec.CommandContext(t.Context(), program, append(args, "-socket", filepath.Join(s.dir, "control.sock"))...))
	require.Zero(t, code, said)
	return said
}

// get asks for a URL from a host, with a connection of its own.
func get(t *testing.T, from *netlab.Namespace, url string) (code int, body string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return from.Dial(ctx, network, address)
		},
	}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(all)
}

// vip is a service's URL: 0 is DNAT, 1 one-arm.
func vip(f netlab.Family, i int) string {
	return "http://" + netip.AddrPortFrom(f.VIP(i), 80).String() + "/"
}

// text is what the program writes.
type text struct {
	mu sync.Mutex // guards the field below
	b  bytes.Buffer
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

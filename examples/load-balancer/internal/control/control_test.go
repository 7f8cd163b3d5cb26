package control_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/control"
)

// fake is a control.Balancer.
type fake struct {
	report balancer.Report
	flows  iter.Seq2[dataplane.Flow, error]
	drain  func(string) ([]netip.AddrPort, error)
}

func (f fake) Report() balancer.Report                        { return f.report }
func (f fake) Flows() iter.Seq2[dataplane.Flow, error]        { return f.flows }
func (f fake) Drain(e string) ([]netip.AddrPort, error)       { return f.drain(e) }
func (f fake) Undrain(e string) (_ []netip.AddrPort, _ error) { return f.drain("un" + e) }

// start starts a server, and returns the path of its socket, which is short.
func start(t *testing.T, b control.Balancer) string {
	t.Helper()
	path := socket(t)
	server, err := control.NewServer(t.Context(), path, b, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoFileExists(t, path)
	})
	return path
}

func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lb") //nolint:usetesting // a socket's path has to be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "s")
}

// run runs a subcommand.
func run(t *testing.T, args ...string) (out, errs string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = control.Run(t.Context(), args, &o, &e)
	return o.String(), e.String(), err
}

func flowsOf(n int, last error) iter.Seq2[dataplane.Flow, error] {
	return func(yield func(dataplane.Flow, error) bool) {
		for i := range n {
			f := dataplane.Flow{
				Protocol: dataplane.TCP, State: "established", Idle: 1500 * time.Millisecond, Expires: 5 * time.Minute,
				Client:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 250)}), uint16(1024+i%60000)),
				VIP:      netip.MustParseAddrPort("192.0.2.1:80"),
				Endpoint: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i%2)}), 8080),
			}
			if i%2 == 1 {
				f.SNAT = netip.MustParseAddrPort("10.0.0.250:1024")
			}
			if !yield(f, nil) {
				return
			}
		}
		if last != nil {
			yield(dataplane.Flow{}, last)
		}
	}
}

func TestFlows(t *testing.T) {
	t.Parallel()
	path := start(t, fake{flows: flowsOf(4, nil)})
	out, _, err := run(t, "flows", "-socket", path)
	require.NoError(t, err)
	require.Equal(t, `     STATE       CLIENT                 VIP                    ENDPOINT               SNAT                       IDLE  EXPIRES
TCP  established 203.0.113.0:1024       192.0.2.1:80           10.0.0.1:8080          -                         1.5 s  300.0 s
TCP  established 203.0.113.1:1025       192.0.2.1:80           10.0.0.2:8080          10.0.0.250:1024           1.5 s  300.0 s
TCP  established 203.0.113.2:1026       192.0.2.1:80           10.0.0.1:8080          -                         1.5 s  300.0 s
TCP  established 203.0.113.3:1027       192.0.2.1:80           10.0.0.2:8080          10.0.0.250:1024           1.5 s  300.0 s
4 connections. Those on stable rows of a table are not remembered.
`, out)
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"endpoint":       {[]string{"-endpoint", "10.0.0.1"}, 2},
		"with port":      {[]string{"-endpoint=10.0.0.1:8080", "-vip", "192.0.2.1:80"}, 2},
		"another port":   {[]string{"-endpoint", "10.0.0.1:81"}, 0},
		"prefix":         {[]string{"-client", "203.0.113.2/31"}, 2},
		"all of them":    {[]string{"-client", "203.0.113.0/24", "-vip", "192.0.2.1"}, 4},
		"another family": {[]string{"-client", "2001:db8::/32"}, 0},
	} {
		out, _, err := run(t, append([]string{"flows", "-json", "-socket", path}, c.args...)...)
		require.NoError(t, err, name)
		require.Equal(t, c.want, strings.Count(out, "\n"), name)
	}
	out, _, err = run(t, "flows", "-json", "-socket", path, "-client", "203.0.113.1")
	require.NoError(t, err)
	require.JSONEq(t, `{"protocol": "TCP", "client": "203.0.113.1:1025", "vip": "192.0.2.1:80", "endpoint": "10.0.0.2:8080",
		"snat": "10.0.0.250:1024", "state": "established", "idle_seconds": 1.5, "expires_seconds": 300}`, out)
}

// Connections are sent as they are read, and no further ones are read for a
// client that has gone.
func TestFlowsAreStreamed(t *testing.T) {
	t.Parallel()
	ended := make(chan int, 1)
	endless := func(yield func(dataplane.Flow, error) bool) {
		n := 0
		defer func() { ended <- n }()
		for {
			for f, err := range flowsOf(1000, nil) {
				if n++; !yield(f, err) {
					return
				}
			}
		}
	}
	enough := errors.New("enough")
	seen := 0
	err := control.NewClient(start(t, fake{flows: endless})).Flows(t.Context(), control.Filter{}, func(control.Flow) error {
		if seen++; seen == 5000 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	require.GreaterOrEqual(t, <-ended, 5000)
}

func TestFlowsThatEndEarly(t *testing.T) {
	t.Parallel()
	path := start(t, fake{flows: flowsOf(2, errors.New("the map was resized"))})
	out, _, err := run(t, "flows", "-socket", path)
	require.EqualError(t, err, "there may be more connections: the map was resized")
	require.Equal(t, 3, strings.Count(out, "\n"))
}

func TestDrain(t *testing.T) {
	t.Parallel()
	b := fake{drain: func(e string) ([]netip.AddrPort, error) {
		switch e {
		case "10.0.0.1":
			return []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.0.0.1:81")}, nil
		case "un10.0.0.1:80":
			return []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:80")}, nil
		case "10.0.0.3:80":
			return nil, errors.New("broken")
		}
		return nil, &balancer.UnknownEndpointError{Endpoint: e, Missing: "is no endpoint of any service", Near: []string{"10.0.0.1:80"}}
	}}
	path := start(t, b)
	out, _, err := run(t, "drain", "10.0.0.1", "-socket", path)
	require.NoError(t, err)
	require.Equal(t, "10.0.0.1:80 gets no new connections; those that it has go on\n10.0.0.1:81 gets no new connections; those that it has go on\n", out)
	out, _, err = run(t, "undrain", "-socket", path, "10.0.0.1:80", "-json")
	require.NoError(t, err)
	require.JSONEq(t, `{"endpoints": ["10.0.0.1:80"]}`, out)
	_, _, err = run(t, "drain", "-socket", path, "10.0.0.2:80")
	require.EqualError(t, err, `"10.0.0.2:80" is no endpoint of any service; mend: perhaps 10.0.0.1:80`)
	_, _, err = run(t, "drain", "-socket", path, "10.0.0.3:80")
	require.EqualError(t, err, "broken")
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"drain":                 `drain: no endpoint; mend: such as "drain 10.0.0.1:80", or 10.0.0.1 for all its ports`,
		"drain a b":             `drain: unexpected arguments ["b"]; mend: leave them out`,
		"status x":              `status: unexpected arguments ["x"]`,
		"status -bogus":         "flag provided but not defined: -bogus",
		"status -vip 192.0.2.1": "flag provided but not defined: -vip",
		"flows -vip x":          `vip "x" is no address; mend: such as 192.0.2.1`,
		"flows -client x":       `client "x" is no address`,
		"flows -endpoint x":     `endpoint "x" is no address`,
	} {
		_, errs, err := run(t, strings.Fields(line)...)
		require.ErrorIs(t, err, control.ErrUsage, line)
		require.Contains(t, errs, says)
	}
	_, errs, err := run(t, "services", "-h")
	require.NoError(t, err)
	require.Contains(t, errs, "-socket path")
	require.True(t, control.Known("flows"))
	require.False(t, control.Known("flow"))
	for line := range strings.SplitSeq(strings.TrimSpace(control.Commands), "\n") {
		if name := strings.Fields(line)[0]; strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") {
			require.True(t, control.Known(name), name)
		}
	}
}

// Whoever cannot ask is told why, and what to do.
func TestSocketsThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	path := socket(t)
	_, _, err := run(t, "status", "-socket", path)
	require.EqualError(t, err, "there is no socket "+path+"; mend: start the load balancer, or give -socket the path that its file has")

	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false)
	require.NoError(t, listener.Close())
	_, _, err = run(t, "status", "-socket", path)
	require.EqualError(t, err, "nobody listens at "+path+": the load balancer that did was killed; mend: start it, or give -socket the path that its file has")

	for name, handler := range map[string]http.HandlerFunc{
		`answered "404 Not Found" to /v1/report; mend: use the same version`: http.NotFound,
		"cannot be read":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{")) },
		"does not answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		path := socket(t)
		listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
		require.NoError(t, err)
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		_, _, err = run(t, "status", "-socket", path)
		require.ErrorContains(t, err, name)
		require.NoError(t, server.Close())
	}
}

func TestWhereTheServerListens(t *testing.T) {
	t.Parallel()
	listen := func(path string) (*control.Server, error) {
		return control.NewServer(t.Context(), path, fake{}, slog.New(slog.DiscardHandler))
	}
	path := socket(t)
	server, err := listen(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = listen(path)
	require.EqualError(t, err, "socket "+path+": another process listens there; mend: end it, or give each load balancer a socket of its own")
	require.NoError(t, server.Close())
	require.NoError(t, server.Close())
	require.NoFileExists(t, path)

	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	left.SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	server, err = listen(path)
	require.NoError(t, err, "one that is left over is replaced")
	require.NoError(t, server.Close())

	server, err = listen(filepath.Join(filepath.Dir(path), "new", "s"))
	require.NoError(t, err, "the directory is made")
	require.NoError(t, server.Close())
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err = listen(path)
	require.ErrorContains(t, err, "is there, and is no socket; mend: another path in the file, or remove it")
	_, err = listen(filepath.Join(filepath.Dir(path), "a", "b", "s"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

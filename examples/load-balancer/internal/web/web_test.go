package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/web"
)

// report is one in which all is well.
func report() balancer.Report {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	rates := balancer.Rates{PacketsPerSecond: 12_345, BitsPerSecond: 98_760_000, ConnectionsPerSecond: 100}
	return balancer.Report{
		Version: balancer.ReportVersion, Now: now, Started: now.Add(-3 * time.Hour), Leads: true, Ready: true,
		File:       balancer.FileReport{Path: "lb.yaml", Sum: "0123456789ab", Loaded: now.Add(-2 * time.Minute)},
		Apply:      balancer.ApplyReport{Count: 3, Last: now.Add(-time.Minute), Seconds: 1.5},
		Interfaces: []balancer.InterfaceReport{{Name: "eth0", Index: 2, Driver: "native"}, {Name: "eth1", Index: 3, Driver: "generic"}},
		Services: []balancer.ServiceReport{{
			Name: "web", Address: "192.0.2.1:80/TCP", Mode: "DNAT", IdleSeconds: 350, Probed: true, Serving: 2, Rows: 1021, Rates: rates,
			Endpoints: []balancer.EndpointReport{
				{
					Address: "10.0.0.1:8080", Weight: 1, Health: balancer.Up, Since: now.Add(-time.Hour), Share: 0.333, NextHop: "02:00:00:00:00:01 eth1",
					Packets: 1000, Bytes: 100_000, Connections: 77, Replies: 999, Rates: rates,
				},
				{Address: "10.0.0.2:8080", Weight: 2, Health: balancer.Up, Since: now.Add(-time.Hour), Share: 0.667, NextHop: "02:00:00:00:00:02 eth1"},
			},
		}},
		Drained: []balancer.DrainReport{}, Total: rates,
		Drops:  []balancer.DropReport{{Reason: "fragment", Packets: 3, PacketsPerSecond: 0.5}, {Reason: "no-port"}},
		Passed: 1_000_000, PassedPerSecond: 10,
		Tables: []balancer.TableReport{{Name: "exceptions, IPv4", Used: 5, Room: 262_144}},
	}
}

// states are reports by what is the matter.
func states() map[string]balancer.Report {
	all := make(map[string]balancer.Report)
	add := func(name string, change func(*balancer.Report)) {
		r := report()
		change(&r)
		all[name] = r
	}
	add("well", func(*balancer.Report) {})
	add("start", func(r *balancer.Report) {
		*r = balancer.Report{Now: r.Now, NotReady: "nothing is forwarded yet: the endpoints are probed first", File: balancer.FileReport{Path: "lb.yaml", Waiting: 2}}
	})
	add("no services", func(r *balancer.Report) { r.Services = nil })
	add("one down", func(r *balancer.Report) {
		s := &r.Services[0]
		s.Serving, s.Down, s.Changing, s.Excepted = 1, 1, 20, 1
		e := &s.Endpoints[1]
		e.Health, e.Reason, e.HeldUntil, e.NextHop, e.Share = balancer.Down, "connection refused", r.Now.Add(time.Minute), "", 0
	})
	add("all down", func(r *balancer.Report) { r.Services[0].Serving, r.Services[0].Down = 0, 2 })
	add("drained", func(r *balancer.Report) {
		r.Services[0].Serving, r.Services[0].Endpoints[0].Drained = 1, true
		r.Drained = []balancer.DrainReport{{Endpoint: "10.0.0.1:8080", Since: r.Now}}
		r.Services[0].Endpoints = append(r.Services[0].Endpoints, balancer.EndpointReport{Address: "10.0.0.9:80", Health: balancer.Removed})
	})
	add("refused", func(r *balancer.Report) {
		r.File.RefusedSince = r.Now.Add(-20 * time.Second)
		for i := range 12 {
			r.File.Faults = append(r.File.Faults, fmt.Sprintf("lb.yaml:%d: bogus is not known; mend: leave it out", i+1))
		}
	})
	add("not applied", func(r *balancer.Report) {
		r.Apply.Error, r.Apply.FailingSince = "192.0.2.1:80/TCP: no room", r.Now.Add(-time.Minute)
	})
	add("no status", func(r *balancer.Report) { r.StatusError, r.StatusSeconds, r.Unremembered = "the map is gone", 65, 7 })
	add("not attached", func(r *balancer.Report) {
		r.Ready, r.NotReady = false, "attached to no network interface"
		r.Interfaces = []balancer.InterfaceReport{{Name: "eth0", Error: "device or resource busy"}, {Name: "eth1"}}
	})
	add("many", func(r *balancer.Report) {
		s := r.Services[0]
		for range 90 {
			s.Endpoints = append(s.Endpoints, s.Endpoints[0])
		}
		for range 10_000 {
			r.Services = append(r.Services, s)
		}
		s.Name, s.Serving, s.Down = "the-one-that-is-down", 0, 92
		r.Services = append(r.Services, s)
	})
	add("hostile", func(r *balancer.Report) {
		const bad = "</style><script>alert(1)</script>\u202e\x00"
		r.File.Path, r.Interfaces[0].Name, r.Interfaces[0].Error, r.Drops[0].Reason = bad, bad, bad, bad
		r.Services[0].Endpoints[0].Health, r.Services[0].Endpoints[0].Reason, r.NotReady, r.Tables[0].Name = balancer.Down, bad, bad, bad
		r.File.Faults = []string{bad}
	})
	return all
}

func ask(t *testing.T, r balancer.Report, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	named := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, name, " ", r.URL.Path) })
	}
	handler, err := web.Config{Report: func() balancer.Report { return r }, Group: named("group"), Metrics: named("metrics")}.Handler()
	require.NoError(t, err)
	w, request := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for _, h := range headers {
		request.Header.Set("Accept", h)
	}
	handler.ServeHTTP(w, request)
	return w
}

func TestPageShowsWhatIsKnown(t *testing.T) {
	t.Parallel()
	all := states()
	for state, says := range map[string][]string{
		"well": {
			`<h1>Forwards 1 service to 2 endpoints</h1>`, `<span class="badge active"><span aria-hidden="true">●</span> forwards</span>`,
			`<strong><bdi>web</bdi></strong> <bdi class="code">192.0.2.1:80/TCP</bdi> <span class="badge active"><span aria-hidden="true">●</span> 2 of 2 serving</span> <small>DNAT, idle after 5 min 50 s</small>`,
			`aria-label="10.0.0.1:8080" aria-valuemin="0" aria-valuemax="100" aria-valuenow="33.3" aria-valuetext="33.3 %"`, `for 1 h · weight 2`,
			`<td class="number">12.3 k</td><td class="number">98.8 M</td><td class="number">100</td>`,
			`<dt>Packets</dt><dd>12.3 k per second`, `<dt>Passed</dt><dd>10 packets/s <small>of no service; 1.00 M in all</small>`,
			`<dt>Role</dt><dd>leads <small>no election</small>`, `<th scope="row">fragment</th><td class="number">3</td><td class="number">0.5</td>`,
			`native`, `generic`, `aria-label="exceptions, IPv4"`, `5 of 262144`, `0123456789ab`,
		},
		"start":        {`<h1>Not all that the file says is forwarded</h1>`, `not ready`, `probed first`, `waits for a first verdict on 2 endpoints`, `None is selected`, `There are none`},
		"no services":  {`The file names no services`},
		"one down":     {`<h1>1 of 2 endpoints down</h1>`, `connection refused · for 1 h · held for flapping, for 1 min yet · weight 2 · its next hop is not known`, `20 changing, 1 excepted, of 1021`, `1 of 2 serving`},
		"all down":     {`<h1>No endpoint takes connections of 1 service</h1>`, `all down`},
		"drained":      {`Drained: 10.0.0.1:8080`, `up, drained`, `removed`},
		"refused":      {`<h1>The file has faults, and is not followed</h1>`, `refused 20 s ago, and changes nothing until it is mended`, `lb.yaml:10: bogus`, `and 2 more faults`},
		"not applied":  {`<h1>Not all could be applied</h1>`, `for 1 min: 192.0.2.1:80/TCP: no room`},
		"no status":    {`<h1>What the forwarder does is not known</h1>`, `is of 1 min 5 s ago: the map is gone`, `no room to remember connections 7 times`},
		"not attached": {`device or resource busy`, `<tr class="error">`},
		"many":         {`and 9952 more: see status.json`, `the-one-that-is-down`, `and 72 more: see status.json`},
		"hostile":      {`&lt;script&gt;`},
	} {
		w := ask(t, all[state], "/")
		require.Equal(t, http.StatusOK, w.Code, state)
		for _, s := range says {
			require.Contains(t, w.Body.String(), s, state)
		}
		require.Equal(t, 1, strings.Count(w.Body.String(), "<h1>"), state)
		require.Less(t, w.Body.Len(), 1<<20, state)
		delete(all, state)
	}
	require.Empty(t, all, "each state is looked at")
}

func TestNamesOfOthersStayText(t *testing.T) {
	t.Parallel()
	document := ask(t, states()["hostile"], "/").Body.String()
	main := document[strings.Index(document, "<body>"):strings.LastIndex(document, "<script>")]
	for _, raw := range []string{"<script", "</style", "\x00", "\u202e"} {
		require.NotContains(t, main, raw)
	}
}

func TestPageLoadsNothing(t *testing.T) {
	t.Parallel()
	for state, r := range states() {
		w := ask(t, r, "/")
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-", state)
		for _, match := range regexp.MustCompile(`<[^>]*\s(?:src|href|action|data)="([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1) {
			require.True(t, strings.HasPrefix(match[1], "data:image/svg+xml,") || slices.Contains([]string{"status.json", "ha", "metrics", "readyz", "healthz"}, match[1]), match[0])
		}
	}
}

// What programs are told is a contract: fields may be added, and none goes or
// changes.
func TestStatusJSON(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/status.json")
	require.NoError(t, err)
	w := ask(t, states()["one down"], "/status.json")
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, string(want), w.Body.String())
	require.Equal(t, string(want), ask(t, states()["one down"], "/", "application/json").Body.String())
	var p web.Page
	require.NoError(t, json.Unmarshal(want, &p))
	require.Equal(t, states()["one down"], p.Report, "nothing is lost")
}

func TestOtherPages(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/healthz": "group /healthz", "/readyz": "group /readyz", "/ha": "group /ha", "/ha.json": "group /ha.json", "/leaderz": "group /leaderz",
		"/metrics": "metrics /metrics",
	} {
		w := ask(t, report(), path)
		require.Equal(t, want, w.Body.String())
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	require.Equal(t, http.StatusNotFound, ask(t, report(), "/etc/passwd").Code)
}

func TestServer(t *testing.T) {
	t.Parallel()
	server, err := web.Listen(t.Context(), "127.0.0.1:0", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = web.Listen(t.Context(), server.Address(), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, fmt.Sprintf("listen %q:", server.Address()))
	require.ErrorContains(t, err, "mend: another address in the file")

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") }))
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Address(), nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "hello", string(body))
	cancel()
	require.NoError(t, <-ended)
	_, err = net.DialTimeout("tcp", server.Address(), time.Second)
	require.Error(t, err)

	idle, err := web.Listen(t.Context(), "127.0.0.1:0", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, idle.Close())
	require.NoError(t, idle.Close())
}

package probe_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
)

func TestConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  probe.Config
		says string
	}{
		"notice":            {probe.Config{NoticeWithin: time.Millisecond}, "probe: NoticeWithin 1ms is not from 100ms to 24h; mend:"},
		"concurrency":       {probe.Config{Concurrency: -1}, "Concurrency -1 is not from 1 to 65536"},
		"half life":         {probe.Config{Damping: probe.Damping{HalfLife: -1}}, "Damping.HalfLife -1ns is not from"},
		"suppress":          {probe.Config{Damping: probe.Damping{Suppress: 1000}}, "Damping.Suppress 1000 is not from 1 to 100"},
		"reuse":             {probe.Config{Damping: probe.Damping{Reuse: 4}}, "Damping.Reuse 4 is not from 0.1 to Suppress (3)"},
		"max hold":          {probe.Config{Damping: probe.Damping{MaxHold: 25 * time.Hour}}, "Damping.MaxHold 25h0m0s is not from 0 to 24h"},
		"holds never begin": {probe.Config{Damping: probe.Damping{MaxHold: time.Second}}, "caps the penalty at 1.54, below Suppress (3): nothing would be held; mend: at least 30s, or Off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := probe.New(c.cfg)
			require.ErrorContains(t, err, c.says)
			require.Nil(t, p)
		})
	}
	_, err := probe.New(probe.Config{NoticeWithin: -1, Concurrency: -1})
	require.ErrorContains(t, err, "NoticeWithin")
	require.ErrorContains(t, err, "Concurrency")
}

func TestTargetThatIsRefused(t *testing.T) {
	t.Parallel()
	p, err := probe.New(probe.Config{})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*probe.Target)
		says   string
	}{
		"no address":    {func(t *probe.Target) { t.Endpoint = netip.AddrPort{} }, "Targets[0].Endpoint invalid AddrPort has no address"},
		"mapped":        {func(t *probe.Target) { t.Endpoint = netip.MustParseAddrPort("[::ffff:10.0.0.1]:80") }, "is an IPv4 address in IPv6 form"},
		"zone":          {func(t *probe.Target) { t.Endpoint = netip.MustParseAddrPort("[fe80::1%eth0]:80") }, "has a zone"},
		"multicast":     {func(t *probe.Target) { t.Endpoint = netip.MustParseAddrPort("224.0.0.1:80") }, "is no host's address"},
		"no port":       {func(t *probe.Target) { t.Endpoint = netip.MustParseAddrPort("10.0.0.1:0") }, "Targets[0].Endpoint 10.0.0.1:0 has no port"},
		"source":        {func(t *probe.Target) { t.Source = netip.MustParseAddr("0.0.0.0") }, "Targets[0].Source 0.0.0.0 is no host's address"},
		"source family": {func(t *probe.Target) { t.Source = netip.MustParseAddr("::1") }, "Source ::1 is of another address family than the endpoint 10.0.0.1:80"},
		"no probe":      {func(t *probe.Target) { t.Probe = nil }, "Targets[0].Probe <nil> is missing; mend: TCP{}"},
		"bad probe":     {func(t *probe.Target) { t.Probe = probe.HTTP{Path: "x"} }, "probe: Targets[0].Probe.Path x is no path"},
		"interval":      {func(t *probe.Target) { t.Interval = time.Millisecond }, "Interval 1ms is not from 100ms to 1h"},
		"timeout":       {func(t *probe.Target) { t.Timeout = time.Second }, "Timeout 1s is not from 10ms to 9/10 of Interval (900ms)"},
		"rise":          {func(t *probe.Target) { t.Rise = -1 }, "Rise -1 is not from 1 to 100"},
		"fall":          {func(t *probe.Target) { t.Fall = 101 }, "Fall 101 is not from 1 to 100"},
		"too slow":      {func(t *probe.Target) { t.Fall = 3 }, "Fall 3 × Interval (1s) + Timeout (800ms) is 3.8s, longer than NoticeWithin (3s); mend: make"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := target(1, probe.TCP{})
			c.change(&one)
			require.ErrorContains(t, p.Set([]probe.Target{one}), c.says)
			require.Empty(t, p.Status().Targets)
		})
	}
}

func TestProbeThatIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 70000)
	for name, c := range map[string]struct {
		probe probe.Probe
		says  string
	}{
		"payload":         {probe.UDP{Payload: []byte(long)}, "Payload of 70000 bytes is longer than 65507"},
		"silence":         {probe.UDP{SilenceIsWell: true, Expect: []byte("x")}, "SilenceIsWell true contradicts Expect"},
		"method":          {probe.HTTP{Method: "A B"}, "Method A B is no method"},
		"path of URL":     {probe.HTTP{Path: "http://other/"}, "Path http://other/ is no path"},
		"path of lines":   {probe.HTTP{Path: "/\r\nX: y"}, "is no path"},
		"host":            {probe.HTTP{Host: "a/b"}, "Host a/b is no host"},
		"host of lines":   {probe.HTTP{Host: "a\r\nX: y"}, "is no host"},
		"header":          {probe.HTTP{Header: http.Header{"X": {"a\r\nY: b"}}}, `Header "X" is no header`},
		"status":          {probe.HTTP{Status: []probe.StatusRange{{200, 299}, {404, 400}}}, "Status[1] 404-400 is no range from 200 to 599"},
		"body":            {probe.HTTP{Body: long}, "Body of 70000 bytes is longer than 65536"},
		"body of no body": {probe.HTTP{Body: "ok", Method: "HEAD"}, "Body ok cannot be in an answer to HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, c.probe.Validate(), c.says)
		})
	}
	for _, fine := range []probe.Probe{
		probe.TCP{}, probe.UDP{}, probe.HTTP{}, probe.ICMP{}, probe.HTTP{TLS: &probe.TLS{}, Host: "[2001:db8::1]:8443", Path: "/a?b=c", Method: "OPTIONS"},
	} {
		require.NoError(t, fine.Validate())
	}
}

// A service's endpoints become targets, and their verdicts its endpoints.
func TestService(t *testing.T) {
	t.Parallel()
	s := dataplane.Service{VIP: netip.MustParseAddr("192.0.2.1"), Port: 80, Protocol: dataplane.TCP}
	for i := range 3 {
		s.Endpoints = append(s.Endpoints, dataplane.Endpoint{Addr: endpoint(i).Addr(), Port: 80, Weight: 1})
	}
	targets := probe.Targets(s, probe.Target{Probe: probe.TCP{}, Port: 8080, Fall: 1})
	require.Len(t, targets, 3)
	require.Equal(t, probe.Target{Group: "192.0.2.1:80/TCP", Endpoint: endpoint(1), Probe: probe.TCP{}, Port: 8080, Fall: 1}, targets[1])

	for serves, down := range map[bool][]bool{true: {false, false, false}, false: {true, true, false}} {
		p, err := probe.New(probe.Config{UnknownServes: serves})
		require.NoError(t, err)
		require.NoError(t, p.Set(targets[:2]))
		for i, e := range p.Mark(s).Endpoints {
			require.Equal(t, down[i], e.Down)
		}
	}
	require.False(t, s.Endpoints[0].Down, "what is given is left alone")
}

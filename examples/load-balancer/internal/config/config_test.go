package config_test

import (
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

const small = `seed: 1
services:
- vip: 192.0.2.1
  port: 80
  protocol: tcp
  endpoints:
  - address: 10.0.0.1
    port: 8080
  - address: 10.0.0.2
`

const whole = `seed: 0xfedcba9876543210
interfaces: {allow: eth.*, deny: eth9, generic: true}
capacity: {services: 1, endpoints: 16, rows: 3, exceptions: 4, flows: 5, embryonic: 6}
damping: {halfLife: 10s, suppress: 4, reuse: 2.5, maxHold: 2m}
listen: 127.0.0.1:0
socket: /run/lb.sock
shutdownDelay: 3s
snat:
- {address: 10.0.0.250, ports: 1024-65535}
gateways: [10.0.0.254]
services:
- name: web
  vip: 192.0.2.1
  port: 443
  protocol: tcp
  mode: 1
  idleTimeout: 10m
  endpoints:
  - {address: 10.0.0.1, port: 8443, weight: 0}
  - {address: 10.0.0.2}
  probe:
    type: https
    port: 8444
    interval: 500ms
    timeout: 300ms
    rise: 3
    fall: 1
    noticeWithin: 1s
    source: 10.0.0.9
    interface: eth1
    method: HEAD
    path: /healthz?full=1
    host: example.com
    headers: {x-one: a, X-Two: [b, c]}
    status: [200-204, 301]
    tls: {serverName: example.com, insecureSkipVerify: true}
`

func TestWholeFile(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("lb.yaml", []byte(whole))
	require.NoError(t, err)
	require.Equal(t, config.Static{
		Seed: 0xfedcba9876543210, Interfaces: xdp.Interfaces{Allow: "eth.*", Deny: "eth9"}, Generic: true,
		Capacity: xdp.Capacity{Services: 1, Endpoints: 16, Rows: 3, Exceptions: 4, Flows: 5, Embryonic: 6},
		Damping:  probe.Damping{HalfLife: 10 * time.Second, Suppress: 4, Reuse: 2.5, MaxHold: 2 * time.Minute},
		Listen:   "127.0.0.1:0", Socket: "/run/lb.sock", ShutdownDelay: 3 * time.Second,
	}, c.Static)
	endpoints := []dataplane.Endpoint{
		{Addr: netip.MustParseAddr("10.0.0.1"), Port: 8443}, {Addr: netip.MustParseAddr("10.0.0.2"), Port: 443, Weight: 1},
	}
	require.Equal(t, dataplane.Config{
		Seed: 0xfedcba9876543210,
		Services: []dataplane.Service{{
			VIP: netip.MustParseAddr("192.0.2.1"), Port: 443, Protocol: dataplane.TCP, Mode: dataplane.OneArm,
			IdleTimeout: 10 * time.Minute, Endpoints: endpoints,
		}},
		SNAT:     []dataplane.SNAT{{Addr: netip.MustParseAddr("10.0.0.250"), First: 1024, Last: 65535}},
		Gateways: []netip.Addr{netip.MustParseAddr("10.0.0.254")},
	}, c.DataPlane)
	require.Equal(t, map[string]string{"192.0.2.1:443/TCP": "web"}, c.Names)
	require.Len(t, c.Targets, 2)
	require.Equal(t, probe.Target{
		Group: "192.0.2.1:443/TCP", Endpoint: netip.MustParseAddrPort("10.0.0.2:443"), Port: 8444,
		Source: netip.MustParseAddr("10.0.0.9"), Interface: "eth1",
		Interval: 500 * time.Millisecond, Timeout: 300 * time.Millisecond, Rise: 3, Fall: 1,
		Probe: probe.HTTP{
			TLS: &probe.TLS{ServerName: "example.com", InsecureSkipVerify: true}, Method: "HEAD", Path: "/healthz?full=1", Host: "example.com",
			Header: http.Header{"X-One": {"a"}, "X-Two": {"b", "c"}}, Status: []probe.StatusRange{{Low: 200, High: 204}, {Low: 301, High: 301}},
		},
	}, c.Targets[1])
}

// What a file leaves out, and what several ports stand for.
func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("lb.yaml", []byte(small+`- vip: 2001:db8::1
  ports: [53, 8000-8001]
  protocol: udp
  untracked: true
  endpoints: [{address: "2001:db8:1::1"}]
- vip: 192.0.2.2
  port: 53
  protocol: udp
  endpoints: [{address: 10.0.0.1}]
  probe: {type: udp, payload: ping, expect: !!binary cG9uZw==}
`))
	require.NoError(t, err)
	require.Equal(t, config.Static{Seed: 1, Socket: config.DefaultSocket, Capacity: xdp.Capacity{Services: 10_000, Endpoints: 262_144}}, c.Static)
	var all []string
	for _, s := range c.DataPlane.Services {
		require.Equal(t, dataplane.DNAT, s.Mode)
		all = append(all, s.String()+" to "+s.Endpoints[0].String())
	}
	require.Equal(t, []string{
		"192.0.2.1:80/TCP to 10.0.0.1:8080", "[2001:db8::1]:53/UDP to [2001:db8:1::1]:53", "[2001:db8::1]:8000/UDP to [2001:db8:1::1]:8000",
		"[2001:db8::1]:8001/UDP to [2001:db8:1::1]:8001", "192.0.2.2:53/UDP to 10.0.0.1:53",
	}, all)
	require.Equal(t, "10.0.0.2:80", c.DataPlane.Services[0].Endpoints[1].String(), "the service's port")
	require.Len(t, c.Targets, 3, "TCP services are probed unless the file says otherwise, UDP services are not")
	require.Equal(t, probe.TCP{}, c.Targets[0].Probe)
	require.Equal(t, probe.UDP{Payload: []byte("ping"), Expect: []byte("pong")}, c.Targets[2].Probe)
}

func TestEachTypeOfProbe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]probe.Probe{
		"{type: tcp}":                      probe.TCP{},
		"{type: udp, silenceIsWell: true}": probe.UDP{SilenceIsWell: true},
		"{type: http, body: ok}":           probe.HTTP{Body: "ok"},
		"{type: https}":                    probe.HTTP{TLS: &probe.TLS{}},
		"{type: icmp, fall: 1}":            probe.ICMP{},
	} {
		c, err := config.Parse("lb.yaml", []byte(small+"  probe: "+text))
		require.NoError(t, err, text)
		require.Equal(t, want, c.Targets[0].Probe, text)
	}
	c, err := config.Parse("lb.yaml", []byte(small+"  probe: {type: none}"))
	require.NoError(t, err)
	require.Empty(t, c.Targets)
}

// An alias stands for a value, wherever that is.
func TestAliases(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("lb.yaml", []byte(`seed: 1
services:
- {vip: 192.0.2.1, port: 80, protocol: tcp, endpoints: &all [{address: 10.0.0.1}, {address: 10.0.0.2}]}
- {vip: 192.0.2.1, port: 81, protocol: tcp, endpoints: *all}
`))
	require.NoError(t, err)
	require.Len(t, c.DataPlane.Services[1].Endpoints, 2)
	require.Equal(t, "10.0.0.2:81", c.DataPlane.Services[1].Endpoints[1].String())
}

func TestSeedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "seed"), []byte("0x2a\n"), 0o600))
	file := filepath.Join(dir, "lb.yaml")
	require.NoError(t, os.WriteFile(file, []byte("seedFile: seed\nservices: []\n"), 0o600))
	c, err := config.Load(file)
	require.NoError(t, err)
	require.Equal(t, uint64(42), c.DataPlane.Seed)
	require.NoError(t, os.WriteFile(file, []byte("services: []\nseedFile: seed\n"), 0o600))
	other, err := config.Load(file)
	require.NoError(t, err)
	require.ErrorContains(t, other.Unchanged(config.Static{Seed: 7, Socket: c.Socket, Capacity: c.Capacity}), file+":2: seed seed is not what it was")
	require.NoError(t, os.WriteFile(file, []byte("seedFile: seed\nservices: []\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "seed"), []byte("secret"), 0o600))
	_, err = config.Load(file)
	require.EqualError(t, err, file+":1: seedFile seed does not hold a number of 64 bits; mend: a number from 0 to 2^64-1, in decimal or as 0x and 16 digits")
	_, err = config.Load(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "mend: give -config the path")
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	old, err := config.Parse("lb.yaml", []byte(whole))
	require.NoError(t, err)
	require.NoError(t, old.Unchanged(old.Static))
	c, err := config.Parse("lb.yaml", []byte("listen: :8080\n"+small))
	require.NoError(t, err)
	err = c.Unchanged(old.Static)
	const says = " is not what it was when the load balancer started; mend: restart it, or put the field back"
	require.EqualError(t, err, "lb.yaml:1: interfaces"+says+"\nlb.yaml:1: capacity"+says+"\nlb.yaml:1: damping"+says+"\nlb.yaml:1: listen :8080"+says+
		"\nlb.yaml:1: socket"+says+"\nlb.yaml:1: shutdownDelay"+says+"\nlb.yaml:2: seed"+says)
	var fault *config.Fault
	require.ErrorAs(t, err, &fault)
}

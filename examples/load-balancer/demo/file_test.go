package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

func TestFile(t *testing.T) {
	t.Parallel()
	c := file{socket: "/run/lb.sock", servers: []server{{"a", 0, 1}, {"b", 1, 3}}}
	cfg, err := config.Parse("lb.yaml", []byte(c.yaml()))
	require.NoError(t, err)
	require.Equal(t, "/run/lb.sock", cfg.Socket)
	var all []string
	for _, s := range cfg.DataPlane.Services {
		require.Equal(t, 1, s.Endpoints[0].Weight)
		require.Equal(t, 3, s.Endpoints[1].Weight)
		all = append(all, cfg.Names[s.String()]+" "+s.Mode.String()+" "+s.String())
	}
	require.Equal(t, strings.TrimSpace(`
web-IPv4 DNAT 203.0.113.80:80/TCP
shop-IPv4 one-arm 203.0.113.81:80/TCP
dns-IPv4 DNAT 203.0.113.80:53/UDP
web-IPv6 DNAT [2001:db8:f::50]:80/TCP
shop-IPv6 one-arm [2001:db8:f::51]:80/TCP
dns-IPv6 DNAT [2001:db8:f::50]:53/UDP`), strings.Join(all, "\n"))
	require.Len(t, cfg.DataPlane.SNAT, 2)
	require.Len(t, cfg.DataPlane.Gateways, 2)
	require.Equal(t, dataplane.TCP, cfg.DataPlane.Services[0].Protocol)
	require.Len(t, cfg.Targets, 12)

	c.fault = "wieght: 1\n"
	_, err = config.Parse("lb.yaml", []byte(c.yaml()))
	require.ErrorContains(t, err, "wieght")
}

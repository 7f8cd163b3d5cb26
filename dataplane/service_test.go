package dataplane_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
)

func service() dataplane.Service {
	return dataplane.Service{VIP: netip.MustParseAddr("192.0.2.1"), Port: 80, Protocol: dataplane.TCP, Endpoints: endpoints(3, 1)}
}

func TestConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*dataplane.Service)
		says   string
	}{
		"no VIP":         {func(s *dataplane.Service) { s.VIP = netip.Addr{} }, "Services[0].VIP invalid IP is no address; mend:"},
		"multicast":      {func(s *dataplane.Service) { s.VIP = netip.MustParseAddr("224.0.0.1") }, "VIP 224.0.0.1 is no host's address"},
		"mapped":         {func(s *dataplane.Service) { s.VIP = netip.MustParseAddr("::ffff:192.0.2.1") }, "is an IPv4 address in IPv6 form"},
		"zone":           {func(s *dataplane.Service) { s.VIP = netip.MustParseAddr("fe80::1%eth0") }, "has a zone"},
		"no port":        {func(s *dataplane.Service) { s.Port = 0 }, "Port 0 is none"},
		"protocol":       {func(s *dataplane.Service) { s.Protocol = 1 }, "Protocol protocol 1 is not known; mend: TCP or UDP"},
		"mode":           {func(s *dataplane.Service) { s.Mode = 9 }, "Mode mode 9 is not known"},
		"idle too short": {func(s *dataplane.Service) { s.IdleTimeout = time.Millisecond }, "IdleTimeout 1ms is not from 1s to 24h"},
		"too many":       {func(s *dataplane.Service) { s.Endpoints = endpoints(1001, 1) }, "Endpoints 1001 are more than 1000"},
		"other family":   {func(s *dataplane.Service) { s.VIP = netip.MustParseAddr("2001:db8::1") }, "Endpoints[0].Addr 10.0.0.1 is of another address family than the VIP 2001:db8::1"},
		"endpoint port":  {func(s *dataplane.Service) { s.Endpoints[1].Port = 0 }, "Endpoints[1].Port 0 is none"},
		"weight":         {func(s *dataplane.Service) { s.Endpoints[1].Weight = -1 }, "Endpoints[1].Weight -1 is not from 0 to 100"},
		"twice":          {func(s *dataplane.Service) { s.Endpoints[1] = s.Endpoints[0] }, "Endpoints[1] 10.0.0.1:80 is Endpoints[0] as well"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service()
			c.change(&s)
			require.ErrorContains(t, dataplane.Config{Services: []dataplane.Service{s}}.Validate(), c.says)
		})
	}
	require.NoError(t, dataplane.Config{Services: []dataplane.Service{service()}}.Validate())
	err := dataplane.Config{Services: []dataplane.Service{service(), service()}}.Validate()
	require.ErrorContains(t, err, "Services[1] 192.0.2.1:80/TCP is the address of Services[0] as well")
}

func TestIdle(t *testing.T) {
	t.Parallel()
	s := service()
	require.Equal(t, 350*time.Second, s.Idle())
	s.Protocol = dataplane.UDP
	require.Equal(t, 2*time.Minute, s.Idle())
	s.IdleTimeout = time.Second
	require.Equal(t, time.Second, s.Idle())
}

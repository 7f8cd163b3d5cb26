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

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	arm := service()
	arm.Mode = dataplane.OneArm
	snat := dataplane.SNAT{Addr: netip.MustParseAddr("10.0.0.250"), First: 1024, Last: 65535}
	for name, c := range map[string]struct {
		cfg  dataplane.Config
		says string
	}{
		"no SNAT":           {dataplane.Config{Services: []dataplane.Service{arm}}, "Services[0].Mode one-arm needs an address in SNAT of the VIP's family; mend:"},
		"SNAT is the VIP":   {dataplane.Config{Services: []dataplane.Service{arm}, SNAT: []dataplane.SNAT{{Addr: arm.VIP, First: 1024, Last: 2048}}}, "SNAT[0].Addr 192.0.2.1 is a VIP as well"},
		"no range":          {dataplane.Config{SNAT: []dataplane.SNAT{{Addr: snat.Addr}}}, "SNAT[0] 0 to 0 is no range of ports from 1024"},
		"ranges overlap":    {dataplane.Config{SNAT: []dataplane.SNAT{snat, {Addr: snat.Addr, First: 65535, Last: 65535}}}, "SNAT[1] 65535 to 65535 overlaps SNAT[0]"},
		"SNAT is multicast": {dataplane.Config{SNAT: []dataplane.SNAT{{Addr: netip.MustParseAddr("224.0.0.1"), First: 1024, Last: 2048}}}, "SNAT[0].Addr 224.0.0.1 is no host's address"},
		"gateway":           {dataplane.Config{Gateways: []netip.Addr{{}}}, "Gateways[0] invalid IP is no address"},
		"untracked TCP":     {dataplane.Config{Services: []dataplane.Service{{VIP: arm.VIP, Port: 80, Protocol: dataplane.TCP, Untracked: true}}}, "Services[0].Untracked true is for UDP services in DNAT mode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, c.cfg.Validate(), c.says)
		})
	}
	require.NoError(t, dataplane.Config{Services: []dataplane.Service{arm}, SNAT: []dataplane.SNAT{snat}, Gateways: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}.Validate())
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

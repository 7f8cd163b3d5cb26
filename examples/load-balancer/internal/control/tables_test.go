package control_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
)

func report() balancer.Report {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	return balancer.Report{
		Version: balancer.ReportVersion, Now: now, Started: now.Add(-3 * time.Hour), Leads: true, Ready: true,
		File:       balancer.FileReport{Path: "lb.yaml", Sum: "0123456789ab", Loaded: now.Add(-2 * time.Minute)},
		Apply:      balancer.ApplyReport{Count: 3, Last: now.Add(-time.Minute), Seconds: 1.52},
		Interfaces: []balancer.InterfaceReport{{Name: "eth0", Index: 2, Driver: "native"}, {Name: "eth1", Index: 3, Driver: "generic"}},
		Services: []balancer.ServiceReport{{
			Name: "web", Address: "192.0.2.1:80/TCP", Mode: "DNAT", Probed: true, Serving: 1, Down: 1, Rows: 1021, Changing: 20, Excepted: 1,
			Rates: balancer.Rates{PacketsPerSecond: 12_345, BitsPerSecond: 98_760_000, ConnectionsPerSecond: 100},
			Endpoints: []balancer.EndpointReport{
				{
					Address: "10.0.0.1:8080", Weight: 1, Health: balancer.Up, Share: 1, NextHop: "02:00:00:00:00:01 eth1", Connections: 77,
					Rates: balancer.Rates{PacketsPerSecond: 12_345, BitsPerSecond: 98_760_000, ConnectionsPerSecond: 100},
				},
				{Address: "10.0.0.2:8080", Weight: 1, Health: balancer.Down, Since: now.Add(-time.Minute), HeldUntil: now.Add(time.Minute), Reason: "connection refused"},
				{Address: "10.0.0.3:8080", Weight: 5, Drained: true, Health: balancer.Up},
			},
		}, {Address: "[2001:db8::1]:53/UDP", Mode: "one-arm", Endpoints: []balancer.EndpointReport{}}},
		Drained: []balancer.DrainReport{{Endpoint: "10.0.0.3:8080", Since: now.Add(-time.Minute)}},
		Total:   balancer.Rates{PacketsPerSecond: 12_345, BitsPerSecond: 98_760_000, ConnectionsPerSecond: 100},
		Drops:   []balancer.DropReport{{Reason: "fragment", Packets: 3, PacketsPerSecond: 0.5}, {Reason: "no-port"}},
		Passed:  1_000_000, PassedPerSecond: 10,
		Tables: []balancer.TableReport{{Name: "exceptions, IPv4", Used: 5, Room: 262_144}},
	}
}

func TestStatusForPeople(t *testing.T) {
	t.Parallel()
	out, _, err := run(t, "status", "-socket", start(t, fake{report: report()}))
	require.NoError(t, err)
	require.Equal(t, `state       running for 3 h, leads, ready
file        lb.yaml, 0123456789ab, read 2 min ago
applied     3 times, last 1 min ago, took 1.5 s
interfaces  eth0 native
            eth1 generic
services    2, with 3 endpoints, 1 serving, 1 down
drained     10.0.0.3:8080 for 1 min
traffic     12.3 kpackets/s, 98.8 Mbit/s, 100 connections/s
passed      1.00 Mpackets, 10 packets/s
dropped     fragment: 3 packets, 0.50 packets/s
tables      exceptions, IPv4: 5 of 262144
`, out)
}

func TestStatusOfWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	r := report()
	r.Ready, r.NotReady, r.Leads = false, "nothing is forwarded: no room\nattached to no network interface", false
	r.File.Faults, r.File.RefusedSince, r.File.Waiting = []string{"lb.yaml:3: a fault\x1b[2J", "lb.yaml:4: another"}, r.Now.Add(-20*time.Second), 2
	r.Apply.Error, r.Apply.FailingSince = "no room", r.Now.Add(-time.Minute)
	r.Interfaces = []balancer.InterfaceReport{{Name: "eth0", Error: "no such device"}, {Name: "eth1"}}
	r.StatusError, r.StatusSeconds, r.Unremembered = "gone", 12, 1500
	r.Services[0].Serving, r.Drops, r.Drained = 0, nil, nil
	out, _, err := run(t, "status", "-socket", start(t, fake{report: r}))
	require.NoError(t, err)
	require.Equal(t, `state        running for 3 h, does not lead, NOT READY
             nothing is forwarded: no room
             attached to no network interface
file         lb.yaml, 0123456789ab, read 2 min ago
             waits for a first verdict on 2 endpoints
REFUSED      what the file says since 20 s is not followed
             lb.yaml:3: a fault\u001b[2J
             lb.yaml:4: another
applied      3 times, last 1 min ago, took 1.5 s
FAILED       to apply all, since 1 min: no room
OLD          what follows is of 12 s ago: gone
interfaces   eth0 not attached: no such device
             eth1 not attached
services     2, with 3 endpoints, 0 serving, 1 down
NO ENDPOINT  takes connections of 1 service
traffic      12.3 kpackets/s, 98.8 Mbit/s, 100 connections/s
passed       1.00 Mpackets, 10 packets/s
dropped      nothing
NO ROOM      for 1.50 kconnections in the tables: changes take longer
tables       exceptions, IPv4: 5 of 262144
`, out)
}

func TestServicesForPeople(t *testing.T) {
	t.Parallel()
	out, _, err := run(t, "services", "-socket", start(t, fake{report: report()}))
	require.NoError(t, err)
	require.Equal(t, `SERVICE                       ENDPOINT       WEIGHT  HEALTH        SHARE    CONNECTIONS  PACKETS/S  BITS/S  NEXT HOP
web 192.0.2.1:80/TCP DNAT                            1 of 3                              12.3 k     98.8 M  20 changing and 1 excepted of 1021 rows
                              10.0.0.1:8080  1       up            100.0 %  77           12.3 k     98.8 M  02:00:00:00:00:01 eth1
                              10.0.0.2:8080  1       down, held    0.0 %    0            0          0       unknown
                              10.0.0.3:8080  0 (5)   up, drained   0.0 %    0            0          0       unknown
[2001:db8::1]:53/UDP one-arm                         NO ENDPOINTS                        0          0       all rows stable
`, out)
}

// JSON for programs is what the page has, too.
func TestJSON(t *testing.T) {
	t.Parallel()
	path := start(t, fake{report: report()})
	out, _, err := run(t, "status", "-json", "-socket", path)
	require.NoError(t, err)
	for _, part := range []string{`"version": 1`, `"leads": true`, `"drained": true`, `"health": "down"`, `"packets_per_second": 12345`, `"held_until": "2026-11-21T12:01:00Z"`} {
		require.Contains(t, out, part)
	}
	out, _, err = run(t, "services", "-json", "-socket", path)
	require.NoError(t, err)
	require.Equal(t, "[", out[:1])
	require.Contains(t, out, `"address": "192.0.2.1:80/TCP"`)
}

package metrics_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/metrics"
)

func endpoint(address string, weight int, packets uint64) dataplane.EndpointStatus {
	return dataplane.EndpointStatus{
		Endpoint: dataplane.Endpoint{Addr: netip.MustParseAddr(address), Port: 80, Weight: weight},
		NextHop:  "02:00:00:00:00:01 eth1", Share: 0.5, Packets: packets, Bytes: 100 * packets, Connections: packets / 10, Replies: 2 * packets,
	}
}

func status(endpoints ...dataplane.EndpointStatus) dataplane.Status {
	return dataplane.Status{
		Interfaces: []dataplane.InterfaceStatus{{Name: "eth0", Index: 2, Driver: "native"}, {Name: "eth1", Index: 3, Err: errors.New("no")}},
		Services: []dataplane.ServiceStatus{{
			Service: dataplane.Service{VIP: netip.MustParseAddr("192.0.2.1"), Port: 80, Protocol: dataplane.TCP},
			Rows:    1021, Changing: 20, Excepted: 1, Endpoints: endpoints,
		}},
		Drops: map[string]uint64{"fragment": 3, "no-port": 0}, Passed: 7, Unremembered: 2,
		Flows: []dataplane.FlowTable{{Name: "exceptions, IPv4", Used: 5, Room: 1000}},
	}
}

func TestCollector(t *testing.T) {
	t.Parallel()
	down := endpoint("10.0.0.2", 3, 20)
	down.Down, down.NextHop = true, ""
	gone := endpoint("10.0.0.3", 0, 1)
	gone.Removed = true
	v := values(t, func() (dataplane.Status, error) { return status(endpoint("10.0.0.1", 1, 1000), down, gone), nil }, 0)
	const service, first, second = " 192.0.2.1:80/TCP", " 10.0.0.1:80 192.0.2.1:80/TCP", " 10.0.0.2:80 192.0.2.1:80/TCP"
	want := map[string]float64{
		"interface_attached native eth0": 1, "interface_attached none eth1": 0,
		"dropped_packets_total fragment": 3, "dropped_packets_total no-port": 0, "passed_packets_total": 7, "unremembered_connections_total": 2,
		"flow_entries exceptions, IPv4": 5, "flow_entries_limit exceptions, IPv4": 1000, "endpoints_omitted": 0,
		"service_endpoints" + service: 2, "service_endpoints_serving" + service: 1,
		"service_rows" + service + " stable": 1000, "service_rows" + service + " changing": 20, "service_rows" + service + " excepted": 1,
		"service_packets_total" + service: 1021, "service_bytes_total" + service: 102_100,
		"service_connections_total" + service: 102, "service_replies_total" + service: 2042,
		"endpoint_up" + first: 1, "endpoint_weight" + first: 1, "endpoint_share_ratio" + first: 0.5, "endpoint_next_hop_known" + first: 1,
		"endpoint_packets_total" + first: 1000, "endpoint_bytes_total" + first: 100_000,
		"endpoint_connections_total" + first: 100, "endpoint_replies_total" + first: 2000,
		"endpoint_up" + second: 0, "endpoint_weight" + second: 3, "endpoint_share_ratio" + second: 0.5, "endpoint_next_hop_known" + second: 0,
		"endpoint_packets_total" + second: 20, "endpoint_bytes_total" + second: 2000,
		"endpoint_connections_total" + second: 2, "endpoint_replies_total" + second: 40,
	}
	require.Equal(t, want, v)
}

// With more endpoints than that there are none.
func TestManyEndpointsAreOmitted(t *testing.T) {
	t.Parallel()
	ask := func() (dataplane.Status, error) {
		return status(endpoint("10.0.0.1", 1, 1000), endpoint("10.0.0.2", 1, 1)), nil
	}
	v := values(t, ask, 1)
	require.InDelta(t, 2, v["endpoints_omitted"], 0)
	require.InDelta(t, 1001, v["service_packets_total 192.0.2.1:80/TCP"], 0)
	for name := range v {
		require.False(t, strings.HasPrefix(name, "endpoint_"), name)
	}
	require.InDelta(t, 2, values(t, ask, -1)["endpoints_omitted"], 0)
	require.Zero(t, values(t, ask, 2)["endpoints_omitted"])
}

// A service's counters only grow, whatever becomes of its endpoints.
func TestCountersOfServicesDoNotShrink(t *testing.T) {
	t.Parallel()
	var now dataplane.Status
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.New(metrics.Config{Status: func() (dataplane.Status, error) { return now, nil }}))
	for _, step := range []struct {
		name      string
		endpoints []dataplane.EndpointStatus
		want      float64
	}{
		{"two", []dataplane.EndpointStatus{endpoint("10.0.0.1", 1, 1000), endpoint("10.0.0.2", 1, 500)}, 1500},
		{"both grow", []dataplane.EndpointStatus{endpoint("10.0.0.1", 1, 1100), endpoint("10.0.0.2", 1, 600)}, 1700},
		{"one is forgotten", []dataplane.EndpointStatus{endpoint("10.0.0.1", 1, 1200)}, 1800},
		{"it begins anew", []dataplane.EndpointStatus{endpoint("10.0.0.1", 1, 1200), endpoint("10.0.0.2", 1, 7)}, 1807},
		{"the other does unseen", []dataplane.EndpointStatus{endpoint("10.0.0.1", 1, 3), endpoint("10.0.0.2", 1, 7)}, 1810},
	} {
		now = status(step.endpoints...)
		require.InDelta(t, step.want, gather(t, registry)["service_packets_total 192.0.2.1:80/TCP"], 0, step.name)
	}
	now.Services = nil
	require.NotContains(t, gather(t, registry), "service_packets_total 192.0.2.1:80/TCP")
	now = status(endpoint("10.0.0.1", 1, 5))
	require.InDelta(t, 5, gather(t, registry)["service_packets_total 192.0.2.1:80/TCP"], 0, "another service of that address")
}

func TestAStatusThatCannotBeHad(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.New(metrics.Config{Status: func() (dataplane.Status, error) { return dataplane.Status{}, errors.New("no map") }}))
	_, err := registry.Gather()
	require.ErrorContains(t, err, "no map")
}

// values are all samples, by name and label values.
func values(t *testing.T, ask func() (dataplane.Status, error), most int) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.New(metrics.Config{Status: ask, MaxEndpoints: most}))
	return gather(t, registry)
}

func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := []string{strings.TrimPrefix(f.GetName(), "regent_dataplane_")}
			for _, l := range m.GetLabel() {
				key = append(key, l.GetValue())
			}
			all[strings.Join(key, " ")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}

package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// descs are what there is to collect.
type descs struct {
	attached, dropped, passed, unremembered, flows, flowsLimit, omitted *prometheus.Desc
	serviceEndpoints, serviceServing, rows                              *prometheus.Desc
	endpointUp, endpointWeight, endpointShare, endpointReachable        *prometheus.Desc
	serviceTotals, endpointTotals                                       [counted]*prometheus.Desc
}

func newDescs() descs {
	d := descs{
		attached:     desc("interface_attached", "1 if the program is attached to the network interface: in its driver (native) or in the kernel's stack (generic).", "interface", "driver"),
		dropped:      desc("dropped_packets_total", "Packets that were dropped, by reason.", "reason"),
		passed:       desc("passed_packets_total", "Packets that were left to the host, as they were for no service."),
		unremembered: desc("unremembered_connections_total", "Connections that should have been remembered, and for which there was no room: changes take longer for that."),
		flows:        desc("flow_entries", "Connections that are remembered, by table.", "table"),
		flowsLimit:   desc("flow_entries_limit", "Connections that there is room for, by table.", "table"),
		omitted:      desc("endpoints_omitted", "Endpoints that have no samples of their own, as there are too many."),

		serviceEndpoints: desc("service_endpoints", "Endpoints that the service is to have.", "service"),
		serviceServing:   desc("service_endpoints_serving", "Endpoints of the service that take new connections.", "service"),
		rows:             desc("service_rows", "Rows of the service's table. On those that are not stable each packet is looked up.", "service", "state"),

		endpointUp:        desc("endpoint_up", "1 unless the endpoint is down.", "service", "endpoint"),
		endpointWeight:    desc("endpoint_weight", "The endpoint's weight. 0 = it drains.", "service", "endpoint"),
		endpointShare:     desc("endpoint_share_ratio", "The endpoint's part of the service's table, from 0 to 1.", "service", "endpoint"),
		endpointReachable: desc("endpoint_next_hop_known", "1 if it is known where frames for the endpoint go; else they are dropped.", "service", "endpoint"),
	}
	for i, c := range [counted]struct{ name, help string }{
		{"packets_total", "Packets that were sent to %s."},
		{"bytes_total", "Bytes of packets that were sent to %s."},
		{"connections_total", "Connections that began, to %s."},
		{"replies_total", "Packets that came back from %s."},
	} {
		d.serviceTotals[i] = desc("service_"+c.name, fmt.Sprintf(c.help, "endpoints of the service"), "service")
		d.endpointTotals[i] = desc("endpoint_"+c.name, fmt.Sprintf(c.help, "the endpoint"), "service", "endpoint")
	}
	return d
}

func (d *descs) all() []*prometheus.Desc {
	all := []*prometheus.Desc{
		d.attached, d.dropped, d.passed, d.unremembered, d.flows, d.flowsLimit, d.omitted, d.serviceEndpoints, d.serviceServing, d.rows,
		d.endpointUp, d.endpointWeight, d.endpointShare, d.endpointReachable,
	}
	return append(append(all, d.serviceTotals[:]...), d.endpointTotals[:]...)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("regent_dataplane_"+name, help, labels, nil)
}

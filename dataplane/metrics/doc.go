// Package metrics is a Prometheus collector for a data plane: what a
// dataplane.Status says.
//
//	collector := metrics.New(metrics.Config{Status: forwarder.Status})
//	registry.MustRegister(collector)
//
// The status is asked for at each scrape. No global registry is touched. All
// methods are safe for concurrent use.
//
// # Labels
//
// Services are named by address, port and protocol, endpoints by address and
// port: as many as the configuration has. Where there are more endpoints than
// Config.MaxEndpoints none of them has samples of its own, and
// regent_dataplane_endpoints_omitted says how many that are; those of services
// are there always. A service's counters do not shrink when one of its endpoints
// is forgotten.
//
// # Alerts
//
// A service of which no endpoint takes connections; rows that are looked up for
// longer than a change takes; a table of connections that fills; packets that
// find no room:
//
//	regent_dataplane_service_endpoints_serving == 0                                       for: 10s
//	regent_dataplane_service_rows{state!="stable"} > 0                                    for: 15m
//	regent_dataplane_flow_entries / regent_dataplane_flow_entries_limit > 0.8             for: 1m
//	rate(regent_dataplane_unremembered_connections_total[5m]) > 0
//	rate(regent_dataplane_dropped_packets_total{reason="no-port"}[5m]) > 0
//
// An interface that should forward and does not:
//
//	regent_dataplane_interface_attached == 0                                              for: 1m
package metrics

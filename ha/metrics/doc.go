// Package metrics is a Prometheus collector for a ha.Group.
//
//	group, err := ha.New(ha.Config{…, Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{})})
//	registry.MustRegister(metrics.New(group))
//
// Everything is asked for at each scrape, so it describes the present. Whether
// this replica leads in the sense of the election, with all about its terms, is
// in leaderelection/metrics. No global registry is touched. All methods are safe
// for concurrent use.
//
// # Alerts
//
// A replica that is not ready, though nothing ends it; a component that does not
// return when it should; one that flaps:
//
//	regent_ha_ready == 0 and regent_ha_shutting_down == 0               for: 5m
//	increase(regent_ha_component_overruns_total[15m]) > 0
//	increase(regent_ha_component_starts_total{list="leader"}[15m]) > 3
package metrics

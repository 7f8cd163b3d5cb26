// Package metrics is a Prometheus collector for Electors.
//
//	collector := metrics.New()
//	elector, err := leaderelection.NewElector(leaderelection.Config{
//		Lock:      lease,
//		Observers: []leaderelection.Observer{collector.Observe},
//	})
//	collector.Add(elector)
//	registry.MustRegister(collector)
//
// One Collector serves any number of Electors. The label lock tells them apart:
// it names kind, namespace and name ("lease default/my-controller") and does
// not collide with the label namespace that a scrape adds. There is no label
// for the identity, which is another at each start; instance or pod say which
// process it is. No global registry is touched. All methods are safe for
// concurrent use.
//
// # Truth
//
// What describes the present is asked for at each scrape:
// regent_leaderelection_leader is 1 only while the term is valid in time, so it
// falls to 0 at the deadline even if the process was asleep. Counters and
// histograms come from events; they stay at 0 for an Elector that does not
// report to Observe, as those of leaderelection.New and NewDefault do not.
//
// # Alerts
//
// Nobody leads, for longer than a hand-over takes; the second line is for when
// no replica is left that could say so:
//
//	max by (lock) (regent_leaderelection_leader) == 0    for: 1m
//	absent(regent_leaderelection_leader{lock="lease default/my-controller"})
//
// Two lead. Replicas are scraped one after the other, so a hand-over between
// two scrapes looks the same for one interval: let it last for two.
//
//	sum by (lock) (regent_leaderelection_leader) > 1     for: 2 scrape intervals
//
// Leadership is lost, not given up; renewals come close to their deadline;
// work goes on beyond its lease; a replica could not take over:
//
//	increase(regent_leaderelection_terms_ended_total{cause=~"deadline|taken|deleted"}[15m]) > 0
//	regent_leaderelection_leader == 1 and regent_leaderelection_term_remaining_seconds < 3
//	increase(regent_leaderelection_fences_total[15m]) > 0
//	regent_leaderelection_healthy == 0                   for: 1m
//
// Histograms have native buckets (factor 1.1) and classic ones. The slowest
// renewals:
//
//	histogram_quantile(0.99, sum by (lock) (rate(regent_leaderelection_request_seconds{request="renew"}[5m])))              native
//	histogram_quantile(0.99, sum by (lock, le) (rate(regent_leaderelection_request_seconds_bucket{request="renew"}[5m])))   classic
package metrics

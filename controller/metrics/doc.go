// Package metrics is controller.MetricsRecorder for Prometheus.
//
//	recorder := metrics.New()
//	registry.MustRegister(recorder)
//	ctrl := controller.New(cfg, handler, retriever, elector, recorder, nil)
//
// One Recorder serves any number of controllers: the label controller tells
// them apart. It touches no global registry. All methods are safe for
// concurrent use.
//
// Histograms have native buckets (factor 1.1), for heatmaps that Grafana draws
// without guessing, and classic ones for servers that do not scrape those. A
// heatmap of the times that handlers took:
//
//	sum(rate(regent_controller_handling_seconds[5m]))        native
//	sum by (le) (rate(regent_controller_handling_seconds_bucket[5m]))   classic
package metrics

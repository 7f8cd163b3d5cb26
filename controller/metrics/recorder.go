package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/controller"
)

// Recorder is a prometheus.Collector of what controllers tell it. Make one
// with New.
type Recorder struct {
	leading    *prometheus.GaugeVec
	depth      *prometheus.GaugeVec
	wait       *prometheus.HistogramVec
	handling   *prometheus.HistogramVec
	inFlight   *prometheus.GaugeVec
	retries    *prometheus.CounterVec
	retryDelay *prometheus.HistogramVec
	gaveUp     *prometheus.CounterVec
	overruns   *prometheus.CounterVec
	drained    *prometheus.CounterVec
	drain      *prometheus.HistogramVec
}

var (
	_ controller.MetricsRecorder = (*Recorder)(nil)
	_ prometheus.Collector       = (*Recorder)(nil)
)

// New returns a Recorder that is registered nowhere. For a prefix or constant
// labels register it with prometheus.WrapRegistererWith or -WithPrefix.
func New() *Recorder {
	return &Recorder{
		leading:    gauge("leading", "1 while workers run, drain included."),
		depth:      gauge("queue_depth", "Keys that wait for a worker."),
		wait:       histogram("queue_wait_seconds", "How long keys waited for a worker."),
		handling:   histogram("handling_seconds", "How long calls of the handler took, by outcome: success, requeue, error, panic, cancelled.", "outcome"),
		inFlight:   gauge("handlers_in_flight", "Calls of the handler that run."),
		retries:    counter("retries_total", "Failed calls that are tried again."),
		retryDelay: histogram("retry_delay_seconds", "How long failed keys are left alone before they are tried again."),
		gaveUp:     counter("given_up_total", "Keys given up after their last retry."),
		overruns:   counter("overruns_total", "Calls of the handler that had not returned when the drain timeout passed, or a second after a loss."),
		drained:    counter("drained_total", "Calls of the handler that ended after their term did."),
		drain:      histogram("drain_seconds", "Time from the end of a term to the return of its last handler."),
	}
}

func gauge(name, help string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "regent", Subsystem: "controller", Name: name, Help: help,
	}, []string{"controller"})
}

func counter(name, help string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "regent", Subsystem: "controller", Name: name, Help: help,
	}, []string{"controller"})
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "regent", Subsystem: "controller", Name: name, Help: help,
		// 1 ms to 65 s.
		Buckets:                         prometheus.ExponentialBuckets(0.001, 2, 17),
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}, append([]string{"controller"}, labels...))
}

func (r *Recorder) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		r.leading, r.depth, r.wait, r.handling, r.inFlight, r.retries, r.retryDelay, r.gaveUp, r.overruns, r.drained, r.drain,
	}
}

// Describe implements [prometheus.Collector].
func (r *Recorder) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range r.collectors() {
		c.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (r *Recorder) Collect(ch chan<- prometheus.Metric) {
	for _, c := range r.collectors() {
		c.Collect(ch)
	}
}

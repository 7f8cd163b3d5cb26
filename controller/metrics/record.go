package metrics

import (
	"time"

	"github.com/regent-ha/regent/controller"
)

// Leading implements [controller.MetricsRecorder].
func (r *Recorder) Leading(name string, leading bool) {
	value := 0.0
	if leading {
		value = 1
	}
	r.leading.WithLabelValues(name).Set(value)
	// Counters that are there at 0 let rate() see their first step.
	r.inFlight.WithLabelValues(name)
	r.retries.WithLabelValues(name)
	r.gaveUp.WithLabelValues(name)
	r.overruns.WithLabelValues(name)
	r.drained.WithLabelValues(name)
}

// QueueDepth implements [controller.MetricsRecorder].
func (r *Recorder) QueueDepth(name string, keys int) {
	r.depth.WithLabelValues(name).Set(float64(keys))
}

// QueueWait implements [controller.MetricsRecorder].
func (r *Recorder) QueueWait(name string, waited time.Duration) {
	r.wait.WithLabelValues(name).Observe(waited.Seconds())
}

// HandlingStarted implements [controller.MetricsRecorder].
func (r *Recorder) HandlingStarted(name string) { r.inFlight.WithLabelValues(name).Inc() }

// HandlingDone implements [controller.MetricsRecorder].
func (r *Recorder) HandlingDone(name string, took time.Duration, outcome controller.Outcome) {
	r.inFlight.WithLabelValues(name).Dec()
	r.handling.WithLabelValues(name, string(outcome)).Observe(took.Seconds())
}

// Retry implements [controller.MetricsRecorder].
func (r *Recorder) Retry(name string, delay time.Duration) {
	r.retries.WithLabelValues(name).Inc()
	r.retryDelay.WithLabelValues(name).Observe(delay.Seconds())
}

// GaveUp implements [controller.MetricsRecorder].
func (r *Recorder) GaveUp(name string) { r.gaveUp.WithLabelValues(name).Inc() }

// Overran implements [controller.MetricsRecorder].
func (r *Recorder) Overran(name string, handlers int) {
	r.overruns.WithLabelValues(name).Add(float64(handlers))
}

// Drained implements [controller.MetricsRecorder].
func (r *Recorder) Drained(name string, handlers int, took time.Duration) {
	r.drained.WithLabelValues(name).Add(float64(handlers))
	r.drain.WithLabelValues(name).Observe(took.Seconds())
}

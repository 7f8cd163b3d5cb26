package controller

import "time"

// MetricsRecorder is told what a platform engineer wants to plot. Package
// controller/metrics has one for Prometheus. controller is Config.Name.
//
// Methods are called from many goroutines, some with locks held: they must be
// fast, and not call back. Embed NoMetrics, so that methods which later
// versions add do not break your build.
type MetricsRecorder interface {
	// Leading says whether the workers of a term run. They still count while
	// they drain.
	Leading(controller string, leading bool)
	// QueueDepth is how many keys wait for a worker. Those that wait for
	// their time (backoff, RequeueAfter) do not count.
	QueueDepth(controller string, keys int)
	// QueueWait is how long a key waited that a worker has now taken.
	QueueWait(controller string, waited time.Duration)
	// HandlingStarted and HandlingDone enclose each call of a handler.
	HandlingStarted(controller string)
	HandlingDone(controller string, took time.Duration, outcome Outcome)
	// Retry: a failed key will be tried again after the delay.
	Retry(controller string, delay time.Duration)
	// GaveUp: a key failed once more than it may.
	GaveUp(controller string)
	// Overran: so many handlers had not returned when the drain timeout
	// passed, or a second after a loss. Once per term at most.
	Overran(controller string, handlers int)
	// Drained: a term is over, so many calls of handlers ended after it did,
	// and the last took so long.
	Drained(controller string, handlers int, took time.Duration)
}

// Outcome is how a call of a handler ended.
type Outcome string

const (
	// Succeeded: it returned nil.
	Succeeded Outcome = "success"
	// Requeued: it returned RequeueAfter.
	Requeued Outcome = "requeue"
	// Failed: it returned another error.
	Failed Outcome = "error"
	// Panicked: it panicked.
	Panicked Outcome = "panic"
	// Cancelled: it returned an error after its context had ended.
	Cancelled Outcome = "cancelled"
)

// NoMetrics is the MetricsRecorder that records nothing.
type NoMetrics struct{}

var _ MetricsRecorder = NoMetrics{}

// Leading implements [MetricsRecorder].
func (NoMetrics) Leading(string, bool) {}

// QueueDepth implements [MetricsRecorder].
func (NoMetrics) QueueDepth(string, int) {}

// QueueWait implements [MetricsRecorder].
func (NoMetrics) QueueWait(string, time.Duration) {}

// HandlingStarted implements [MetricsRecorder].
func (NoMetrics) HandlingStarted(string) {}

// HandlingDone implements [MetricsRecorder].
func (NoMetrics) HandlingDone(string, time.Duration, Outcome) {}

// Retry implements [MetricsRecorder].
func (NoMetrics) Retry(string, time.Duration) {}

// GaveUp implements [MetricsRecorder].
func (NoMetrics) GaveUp(string) {}

// Overran implements [MetricsRecorder].
func (NoMetrics) Overran(string, int) {}

// Drained implements [MetricsRecorder].
func (NoMetrics) Drained(string, int, time.Duration) {}

package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/leaderelection"
)

// Collector is a prometheus.Collector of Electors. Make it with New.
type Collector struct {
	started         *prometheus.CounterVec
	ended           *prometheus.CounterVec
	overruns        *prometheus.CounterVec
	fences          *prometheus.CounterVec
	releaseFailures *prometheus.CounterVec
	requestFailures *prometheus.CounterVec
	requests        *prometheus.HistogramVec
	drain           *prometheus.HistogramVec
	handover        *prometheus.HistogramVec

	mu       sync.Mutex // guards the fields below
	electors []*leaderelection.Elector
	free     map[candidate]time.Time // since when it has seen that nobody holds the lock
}

// candidate is one Elector in events.
type candidate struct{ lock, identity string }

var _ prometheus.Collector = (*Collector)(nil)

// New returns a Collector that is registered nowhere. For a prefix or constant
// labels register it with prometheus.WrapRegistererWith or -WithPrefix.
func New() *Collector {
	return &Collector{
		started:         counter("terms_started_total", "Terms that this process has led."),
		ended:           counter("terms_ended_total", "Terms of this process that have ended, by cause: deadline, taken, deleted, stepped_down, shutdown.", "cause"),
		overruns:        counter("overruns_total", "Times that work had not returned DrainTimeout after its cancellation, and each DrainTimeout later."),
		fences:          counter("fences_total", "Times that work still ran when its lease was about to expire."),
		releaseFailures: counter("release_failures_total", "Terms whose lock could not be released, and had to expire."),
		requestFailures: counter("request_failures_total", "Requests that failed or were refused. A conflict is an answer, not a failure.", "request"),
		requests:        histogram("request_seconds", "How long requests took, failed ones too: read, watch (its start), insert, acquire, renew, release, publish.", "request"),
		drain:           histogram("drain_seconds", "Time from the cancellation of a term's work to the return of the last of it."),
		handover:        histogram("handover_seconds", "Time from when this process saw the lock without a holder to the start of its term."),
		free:            make(map[candidate]time.Time),
	}
}

// Add collects the present state of an Elector at each scrape, from now on. Its
// events have to come to Observe. Of several Electors of one lock the one that
// leads is shown, else the one that was added last. A nil Elector is left out.
func (c *Collector) Add(e *leaderelection.Elector) {
	if e == nil {
		return
	}
	c.begin(e.Status().Lock)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.electors = append(c.electors, e)
}

// begin makes the counters of a lock, so that rate() sees their first step.
func (c *Collector) begin(lock string) {
	for _, v := range []*prometheus.CounterVec{c.started, c.overruns, c.fences, c.releaseFailures} {
		v.WithLabelValues(lock)
	}
	for _, cause := range causes() {
		c.ended.WithLabelValues(lock, cause.name)
	}
	for _, request := range []string{"read", "watch", "insert", "acquire", "renew", "release", "publish"} {
		c.requestFailures.WithLabelValues(lock, request)
	}
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, v := range c.vectors() {
		v.Describe(ch)
	}
	for _, s := range states() {
		ch <- s.desc
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, v := range c.vectors() {
		v.Collect(ch)
	}
	shown := c.statuses()
	for _, s := range states() {
		for lock, status := range shown {
			ch <- prometheus.MustNewConstMetric(s.desc, s.kind, s.value(status), lock)
		}
	}
}

func (c *Collector) vectors() []prometheus.Collector {
	return []prometheus.Collector{
		c.started, c.ended, c.overruns, c.fences, c.releaseFailures, c.requestFailures, c.requests, c.drain, c.handover,
	}
}

// statuses returns what is shown of each lock.
func (c *Collector) statuses() map[string]leaderelection.Status {
	c.mu.Lock()
	electors := slices.Clone(c.electors)
	c.mu.Unlock()
	shown := make(map[string]leaderelection.Status)
	for _, e := range electors {
		s := e.Status()
		if !shown[s.Lock].Leader {
			shown[s.Lock] = s
		}
	}
	return shown
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "regent", Subsystem: "leaderelection", Name: name, Help: help,
	}, append([]string{"lock"}, labels...))
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "regent", Subsystem: "leaderelection", Name: name, Help: help,
		// 1 ms to 65 s.
		Buckets:                         prometheus.ExponentialBuckets(0.001, 2, 17),
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}, append([]string{"lock"}, labels...))
}

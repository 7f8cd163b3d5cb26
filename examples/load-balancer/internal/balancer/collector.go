package balancer

import "github.com/prometheus/client_golang/prometheus"

// Collector is a prometheus.Collector of what the data plane does not know: how
// the file and the probes are.
type Collector struct {
	b    *Balancer
	told []told
}

// told is something that is collected.
type told struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

// NewCollector returns a Collector that is registered nowhere.
func NewCollector(b *Balancer) *Collector {
	of := func(kind prometheus.ValueType, name, help string) told {
		return told{prometheus.NewDesc("load_balancer_"+name, help, nil, nil), kind}
	}
	return &Collector{b, []told{ // in the order of values
		of(prometheus.GaugeValue, "file_refused", "1 while what the file says is refused, and so not followed."),
		of(prometheus.GaugeValue, "file_loaded_timestamp_seconds", "When the file was last taken, in seconds since the epoch."),
		of(prometheus.CounterValue, "applies_total", "Times that something was applied."),
		of(prometheus.GaugeValue, "apply_failing", "1 while not all that the file says can be applied."),
		of(prometheus.GaugeValue, "drained_endpoints", "Endpoints that somebody has drained."),
		of(prometheus.GaugeValue, "services_all_down", "Services of which the probes of all endpoints fail."),
		of(prometheus.CounterValue, "late_checks_total", "Checks of endpoints that had to wait for others: dead ones are noticed late."),
	}}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, t := range c.told {
		ch <- t.Desc
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	values := c.values()
	for i, t := range c.told {
		ch <- prometheus.MustNewConstMetric(t.Desc, t.kind, values[i])
	}
}

func (c *Collector) values() []float64 {
	allDown, probes := 0, c.b.prober.Status()
	for _, g := range probes.Groups {
		if g.AllDown {
			allDown++
		}
	}
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	return []float64{
		one(c.b.file.fault != nil), float64(c.b.file.loaded.UnixNano()) / 1e9, float64(c.b.apply.count), one(c.b.apply.err != nil),
		float64(len(c.b.drains)), float64(allDown), float64(probes.Late),
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

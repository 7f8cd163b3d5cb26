package metrics

import (
	"cmp"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/dataplane"
)

// DefaultMaxEndpoints is what 0 stands for in Config.MaxEndpoints.
const DefaultMaxEndpoints = 2000

// Config describes a [Collector].
type Config struct {
	// Status is asked at each scrape, such as a forwarder's method. An error is
	// that of the scrape. Required.
	Status func() (dataplane.Status, error)
	// MaxEndpoints is up to how many endpoints, of all services together, have
	// samples of their own: each has eight. 0 = 2000; negative = none.
	MaxEndpoints int
}

// Collector is a prometheus.Collector of one data plane.
type Collector struct {
	cfg Config
	descs

	mu   sync.Mutex // held for a whole scrape: an older status must not come behind a newer one
	sums map[string]*sum
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a Collector that is registered nowhere. For a prefix or constant
// labels register it with prometheus.WrapRegistererWith or -WithPrefix.
func New(cfg Config) *Collector {
	cfg.MaxEndpoints = cmp.Or(cfg.MaxEndpoints, DefaultMaxEndpoints)
	return &Collector{cfg: cfg, descs: newDescs(), sums: make(map[string]*sum)}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.all() {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	status, err := c.cfg.Status()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.passed, err)
		return
	}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	for _, i := range status.Interfaces {
		send(c.attached, prometheus.GaugeValue, one(i.Driver != ""), i.Name, cmp.Or(i.Driver, "none"))
	}
	for reason, n := range status.Drops {
		send(c.dropped, prometheus.CounterValue, float64(n), reason)
	}
	send(c.passed, prometheus.CounterValue, float64(status.Passed))
	send(c.unremembered, prometheus.CounterValue, float64(status.Unremembered))
	for _, t := range status.Flows {
		send(c.flows, prometheus.GaugeValue, float64(t.Used), t.Name)
		send(c.flowsLimit, prometheus.GaugeValue, float64(t.Room), t.Name)
	}
	endpoints := 0
	for _, s := range status.Services {
		endpoints += len(s.Endpoints)
	}
	each := endpoints <= c.cfg.MaxEndpoints
	omitted := 0
	if !each {
		omitted = endpoints
	}
	send(c.omitted, prometheus.GaugeValue, float64(omitted))
	c.add(status.Services)
	for _, s := range status.Services {
		c.service(send, s)
		for _, e := range s.Endpoints {
			if each {
				c.endpoint(send, s, e)
			}
		}
	}
}

type sender func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string)

func (c *Collector) service(send sender, s dataplane.ServiceStatus) {
	name, serving, removed := s.String(), 0, 0
	for _, e := range s.Endpoints {
		switch {
		case e.Removed:
			removed++
		case !e.Down && e.Weight > 0:
			serving++
		}
	}
	send(c.serviceEndpoints, prometheus.GaugeValue, float64(len(s.Endpoints)-removed), name)
	send(c.serviceServing, prometheus.GaugeValue, float64(serving), name)
	send(c.rows, prometheus.GaugeValue, float64(max(s.Rows-s.Changing-s.Excepted, 0)), name, "stable")
	send(c.rows, prometheus.GaugeValue, float64(s.Changing), name, "changing")
	send(c.rows, prometheus.GaugeValue, float64(s.Excepted), name, "excepted")
	for i, d := range c.serviceTotals {
		send(d, prometheus.CounterValue, c.sums[name].total[i], name)
	}
}

func (c *Collector) endpoint(send sender, s dataplane.ServiceStatus, e dataplane.EndpointStatus) {
	if e.Removed {
		return
	}
	service, name := s.String(), e.String()
	send(c.endpointUp, prometheus.GaugeValue, one(!e.Down), service, name)
	send(c.endpointWeight, prometheus.GaugeValue, float64(e.Weight), service, name)
	send(c.endpointShare, prometheus.GaugeValue, e.Share, service, name)
	send(c.endpointReachable, prometheus.GaugeValue, one(e.NextHop != ""), service, name)
	for i, n := range numbers(e) {
		send(c.endpointTotals[i], prometheus.CounterValue, float64(n), service, name)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

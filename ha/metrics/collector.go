package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/ha"
)

// Collector is a prometheus.Collector of one Group.
type Collector struct {
	group                                *ha.Group
	ready, leader, shuttingDown, started *prometheus.Desc
	state, starts, overruns              *prometheus.Desc
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a Collector of g that is registered nowhere. For a prefix or
// constant labels register it with prometheus.WrapRegistererWith or -WithPrefix.
func New(g *ha.Group) *Collector {
	return &Collector{
		group:        g,
		ready:        desc("ready", "1 if this replica could serve and take over, as /readyz says."),
		leader:       desc("leader", "1 while the components of the leader run here, or drain."),
		shuttingDown: desc("shutting_down", "1 once this process was told to end."),
		started:      desc("start_time_seconds", "When the Group started, in seconds since the epoch."),
		state:        desc("component_state", "1 for the state that a component is in, 0 for the others.", "component", "list", "state"),
		starts:       desc("component_starts_total", "Times that a component was started: once, or once in each term.", "component", "list"),
		overruns:     desc("component_overruns_total", "Times that a component took longer to return than its share of the drain.", "component", "list"),
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("regent_ha_"+name, help, append([]string{"group"}, labels...), nil)
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.ready, c.leader, c.shuttingDown, c.started, c.state, c.starts, c.overruns} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s := c.group.Status()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, value, append([]string{s.Name}, labels...)...)
	}
	send(c.ready, prometheus.GaugeValue, one(s.Ready == nil))
	send(c.leader, prometheus.GaugeValue, one(s.Mode == ha.ModeLeader))
	send(c.shuttingDown, prometheus.GaugeValue, one(s.ShuttingDown != nil))
	if !s.Started.IsZero() {
		send(c.started, prometheus.GaugeValue, float64(s.Started.UnixNano())/1e9)
	}
	for _, p := range s.Components {
		list := map[bool]string{false: "always", true: "leader"}[p.Leader]
		for _, possible := range ha.States() {
			send(c.state, prometheus.GaugeValue, one(p.State == possible), p.Name, list, string(possible))
		}
		send(c.starts, prometheus.CounterValue, float64(p.Starts), p.Name, list)
		send(c.overruns, prometheus.CounterValue, float64(p.Overruns), p.Name, list)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/leaderelection"
)

// state is a metric that is computed at each scrape.
type state struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(leaderelection.Status) float64
}

func states() []state {
	gauge := func(name, help string, value func(leaderelection.Status) float64) state {
		return state{desc(name, help), prometheus.GaugeValue, value}
	}
	return []state{
		gauge("leader", "1 while this process leads, and its term is valid in time.",
			func(s leaderelection.Status) float64 { return number(s.Leader) }),
		gauge("healthy", "1 unless this process is cut off from the API server, leaves the lock alone, or works beyond its lease.",
			func(s leaderelection.Status) float64 { return number(s.Err == nil) }),
		gauge("watching", "1 while changes of the lock arrive at once; 0: it is polled.",
			func(s leaderelection.Status) float64 { return number(s.Watching) }),
		gauge("term_remaining_seconds", "Time to the end of this process's term if no renewal succeeds; 0 without a term.",
			func(s leaderelection.Status) float64 {
				if s.Deadline.IsZero() {
					return 0
				}
				return max(0, time.Until(s.Deadline).Seconds())
			}),
		gauge("silence_seconds", "Time since the API server was heard of; a standby at rest hears each renewal.",
			func(s leaderelection.Status) float64 { return s.Contact.Seconds() }),
		gauge("token", "Fencing token of the lock's last term, whoever leads.",
			func(s leaderelection.Status) float64 { return float64(s.Token) }),
		gauge("acquired_timestamp_seconds", "When the lock's holder acquired it, by that holder's clock; 0 without a holder.",
			func(s leaderelection.Status) float64 {
				if s.Holder == "" || s.Acquired.IsZero() {
					return 0
				}
				return float64(s.Acquired.UnixMicro()) / 1e6
			}),
		gauge("candidates", "Candidates that the lock lists.",
			func(s leaderelection.Status) float64 { return float64(len(s.Candidates)) }),
		{
			desc("transitions_total", "Changes of the holder that the lock counts."), prometheus.CounterValue,
			func(s leaderelection.Status) float64 { return float64(s.Transitions) },
		},
	}
}

func desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName("regent", "leaderelection", name), help, []string{"lock"}, nil)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

package metrics

import (
	"maps"

	"github.com/regent-ha/regent/dataplane"
)

// counted are the counters that an endpoint has: packets, bytes, connections,
// replies.
const counted = 4

func numbers(e dataplane.EndpointStatus) [counted]uint64 {
	return [counted]uint64{e.Packets, e.Bytes, e.Connections, e.Replies}
}

// sum is a service's, of all endpoints that it ever had: a counter must not
// shrink when an endpoint is forgotten, or Prometheus would take it for a restart
// and count everything twice.
type sum struct {
	total [counted]float64
	last  map[string][counted]uint64
}

// add takes in what the endpoints have counted since the last time, and forgets
// services that are gone. c.mu is held.
func (c *Collector) add(services []dataplane.ServiceStatus) {
	there := make(map[string]struct{}, len(services))
	for _, s := range services {
		name := s.String()
		there[name] = struct{}{}
		if c.sums[name] == nil {
			c.sums[name] = new(sum)
		}
		c.sums[name].add(s.Endpoints)
	}
	maps.DeleteFunc(c.sums, func(name string, _ *sum) bool {
		_, is := there[name]
		return !is
	})
}

func (s *sum) add(endpoints []dataplane.EndpointStatus) {
	now := make(map[string][counted]uint64, len(endpoints))
	for _, e := range endpoints {
		n, before := numbers(e), s.last[e.String()]
		now[e.String()] = n
		for i := range n {
			if n[i] < before[i] {
				before[i] = 0 // it was forgotten, and has begun anew
			}
			s.total[i] += float64(n[i] - before[i])
		}
	}
	s.last = now
}

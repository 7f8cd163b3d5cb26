package balancer

import (
	"context"
	"net/netip"
	"time"

	"github.com/regent-ha/regent/dataplane"
)

const (
	// sampleInterval is how often the forwarder is asked what it did: rates are
	// what it did since the time before.
	sampleInterval = time.Second
	// sampleShare is what part of the time that may take: with very many
	// endpoints the forwarder is asked less often.
	sampleShare = 20
)

// sample is the forwarder's status at a time, and how fast its counters grew.
type sample struct {
	at     time.Time
	status dataplane.Status
	counts map[counterKey]counters
	rates  map[counterKey]Rates
	drops  map[string]float64 // per second
	passed float64
}

// counterKey is an endpoint of a service.
type counterKey struct {
	service  netip.AddrPort
	protocol dataplane.Protocol
	endpoint netip.AddrPort
}

func keyOf(s dataplane.Service, e dataplane.Endpoint) counterKey {
	return counterKey{netip.AddrPortFrom(s.VIP, s.Port), s.Protocol, netip.AddrPortFrom(e.Addr, e.Port)}
}

type counters struct{ packets, bytes, connections uint64 }

// Rates are how fast something goes.
type Rates struct {
	// PacketsPerSecond and BitsPerSecond go to endpoints; bits are those of IP
	// packets. ConnectionsPerSecond begin.
	PacketsPerSecond     float64 `json:"packets_per_second"`
	BitsPerSecond        float64 `json:"bits_per_second"`
	ConnectionsPerSecond float64 `json:"connections_per_second"`
}

func (r *Rates) add(o Rates) {
	r.PacketsPerSecond += o.PacketsPerSecond
	r.BitsPerSecond += o.BitsPerSecond
	r.ConnectionsPerSecond += o.ConnectionsPerSecond
}

// newSample compares a status with the sample before.
func newSample(status dataplane.Status, at time.Time, before sample) sample {
	s := sample{
		at: at, status: status, counts: make(map[counterKey]counters), rates: make(map[counterKey]Rates), drops: make(map[string]float64),
	}
	seconds := at.Sub(before.at).Seconds()
	first := before.at.IsZero() || seconds <= 0
	for _, service := range status.Services {
		for _, e := range service.Endpoints {
			k := keyOf(service.Service, e.Endpoint)
			c := counters{e.Packets, e.Bytes, e.Connections}
			s.counts[k] = c
			if !first {
				o := before.counts[k]
				s.rates[k] = Rates{
					PacketsPerSecond:     grown(o.packets, c.packets) / seconds,
					BitsPerSecond:        8 * grown(o.bytes, c.bytes) / seconds,
					ConnectionsPerSecond: grown(o.connections, c.connections) / seconds,
				}
			}
		}
	}
	if first {
		return s
	}
	for reason, n := range status.Drops {
		s.drops[reason] = grown(before.status.Drops[reason], n) / seconds
	}
	s.passed = grown(before.status.Passed, status.Passed) / seconds
	return s
}

// grown is by how much a counter did. One that is smaller has begun anew.
func grown(before, now uint64) float64 {
	if now < before {
		before = 0
	}
	return float64(now - before)
}

// attached: the program is, to one interface at least.
func (s *sample) attached() bool {
	for _, i := range s.status.Interfaces {
		if i.Driver != "" {
			return true
		}
	}
	return false
}

// watchStatus samples the forwarder's status until ctx ends.
func (b *Balancer) watchStatus(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		began := time.Now()
		status, err := b.cfg.Forwarder.Status()
		b.note(status, err)
		timer.Reset(max(sampleInterval, sampleShare*time.Since(began)))
	}
}

// note takes in a status.
func (b *Balancer) note(status dataplane.Status, err error) {
	b.mu.Lock()
	before, failed := b.sample, b.sampleErr != nil
	b.sampleErr = err
	b.mu.Unlock()
	if err != nil {
		if !failed {
			b.logger.Error("the forwarder does not tell its status", "error", err)
		}
		return
	}
	s := newSample(status, time.Now(), before)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sample = s
}

package xdp

import (
	"fmt"

	"github.com/cilium/ebpf"
)

// counts are an endpoint's.
type counts struct {
	packets, bytes, connections, replies uint64
}

func (c counts) plus(o counts) counts {
	return counts{c.packets + o.packets, c.bytes + o.bytes, c.connections + o.connections, c.replies + o.replies}
}

// countsOf adds up what the CPUs have counted.
func (f *Forwarder) countsOf(s *service, i int) (counts, error) {
	var each []balanceCounters
	if err := f.objects.Traffic.Lookup(s.base+uint32(i), &each); err != nil {
		return counts{}, fmt.Errorf("read the counters of %v: %w", s.places[i].Endpoint, err)
	}
	sum := s.places[i].carried
	for _, c := range each {
		sum = sum.plus(counts{c.Packets, c.Bytes, c.Connections, c.Replies})
	}
	return sum, nil
}

func (f *Forwarder) resetCounts(first, n uint32) error {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return err
	}
	zero := make([]balanceCounters, cpus)
	for i := range n {
		if err := f.objects.Traffic.Put(first+i, zero); err != nil {
			return fmt.Errorf("reset counters: %w", err)
		}
	}
	return nil
}

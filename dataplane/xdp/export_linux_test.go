package xdp

import (
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
)

// OwnClock makes a Forwarder of cfg whose time, and the program's, is the test's:
// it begins at 1000 s.
func OwnClock(cfg Config) (*Forwarder, func(time.Duration), error) {
	var now atomic.Int64
	now.Store(int64(1000 * time.Second))
	f, err := open(cfg, func(spec *ebpf.CollectionSpec) error { return spec.Variables["own_clock"].Set(uint8(1)) })
	if err != nil {
		return nil, nil, err
	}
	f.clock = func() time.Time { return time.Unix(0, now.Load()) }
	pass := func(d time.Duration) {
		ms := uint32(now.Add(int64(d)) / int64(time.Millisecond))
		if err := f.objects.ClockMs.Set(ms); err != nil {
			panic(err)
		}
		f.mu.Lock()
		f.advance()
		f.mu.Unlock()
	}
	pass(0)
	return f, pass, nil
}

// Sweep is what Run does from time to time.
func (f *Forwarder) Sweep() error { return f.sweep() }

// Survey is what Run does when the host's network changes.
func (f *Forwarder) Survey() error { return f.survey() }

package xdp

import (
	"context"
	"net/netip"
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
func (f *Forwarder) Survey() error {
	s, err := newScout(f)
	if err != nil {
		return err
	}
	defer s.close()
	return s.survey(context.Background())
}

// Directory is a directory of n buckets that no program reads.
type Directory struct{ directory }

// NewDirectory4 and NewDirectory6 are of one family each.
func NewDirectory4(n int) Directory {
	return Directory{&directory4{buckets: make([]balanceBucket4, n)}}
}

// NewDirectory6 is of IPv6 addresses.
func NewDirectory6(n int) Directory {
	return Directory{&directory6{buckets: make([]balanceBucket6, n)}}
}

// Put, Remove, Reclaim and Find are the directory's.
func (d Directory) Put(a netip.AddrPort, value uint32) error {
	return d.put(key{a.Addr(), a.Port(), 6}, value)
}

// Remove forgets an address.
func (d Directory) Remove(a netip.AddrPort, now time.Time) {
	d.remove(key{a.Addr(), a.Port(), 6}, now)
}

// Reclaim makes room of what was removed.
func (d Directory) Reclaim(now time.Time) { d.reclaim(now) }

// Find is what the program finds.
func (d Directory) Find(a netip.AddrPort) uint32 {
	k := key{a.Addr(), a.Port(), 6}
	switch d := d.directory.(type) {
	case *directory4:
		if b, i, ok := d.find(k.word4()); ok {
			return d.buckets[b].Value[i]
		}
	case *directory6:
		if b, i, ok := d.find(k.words6(), k.word()); ok {
			return d.buckets[b].Slot[i].Value
		}
	}
	return 0
}

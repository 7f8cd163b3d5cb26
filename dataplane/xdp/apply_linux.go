package xdp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// What an address is spoken for as, as in bpf/maps.h.
const (
	isVIP     = 1
	isSNAT    = 2
	isGateway = 4
)

// apply makes the program forward as cfg says. f.mu is held.
func (f *Forwarder) apply(cfg dataplane.Config) error {
	now := f.clock()
	for _, d := range slices.Concat(f.addresses[:], f.origins[:]) {
		d.reclaim(now)
	}
	f.reclaim(now)
	errs := []error{f.applySNAT(cfg)}
	var order []*service
	var wishes []wish
	var begun []*service // have to be found by packets once they are complete
	done := make(map[uint64][]window.Index)
	named := make(map[serviceKey]bool, len(cfg.Services))
	for _, want := range cfg.Services {
		k := keyOf(want)
		named[k] = true
		s, known := f.known[k]
		if known && !s.failed && s.seed == cfg.Seed && isSame(s.cfg, want) {
			order = append(order, s)
			continue
		}
		next, err := f.prepare(s, want, cfg.Seed, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("xdp: %v: %w", want, err))
			if known {
				order = append(order, s)
			}
			continue
		}
		order = append(order, next)
		wishes = append(wishes, f.wishOf(next, done))
		if !known {
			begun = append(begun, next)
		}
	}
	for _, c := range cohorts(wishes) {
		err := f.fulfil(c, now)
		for _, s := range c.members {
			s.failed = err != nil
			if err != nil {
				errs = append(errs, fmt.Errorf("xdp: %v: %w", s.cfg, err))
				continue
			}
			f.flag(s)
		}
	}
	for _, s := range begun {
		if s.table == nil {
			f.retire(s, now)
			order = slices.DeleteFunc(order, func(o *service) bool { return o == s })
			continue
		}
		f.known[s.key] = s
		if err := f.addresses[family(s.key.vip)].put(key{s.key.vip, s.key.port, uint8(s.key.protocol)}, s.number+1); err != nil {
			errs = append(errs, fmt.Errorf("xdp: %v: %w", s.cfg, err))
		}
	}
	for k, s := range f.known {
		if !named[k] {
			f.addresses[family(k.vip)].remove(key{k.vip, k.port, uint8(k.protocol)}, now)
			delete(f.known, k)
			f.retire(s, now)
		}
	}
	f.order, f.applied = order, cfg
	return errors.Join(append(errs, f.speakFor(cfg, now))...)
}

func isSame(a, b dataplane.Service) bool {
	return a.Mode == b.Mode && a.IdleTimeout == b.IdleTimeout && a.Untracked == b.Untracked && slices.Equal(a.Endpoints, b.Endpoints)
}

// prepare makes a service's endpoints known to the program; s is nil for a new
// service.
func (f *Forwarder) prepare(s *service, want dataplane.Service, seed uint64, now time.Time) (*service, error) {
	if s == nil {
		number, ok := f.numbers.take(1, now)
		if !ok {
			return nil, fmt.Errorf("no room for another service; mend: raise Capacity.Services (%d)", f.cfg.Capacity.Services)
		}
		s = &service{key: keyOf(want), number: number, cfg: want, seed: seed}
		f.services[number] = balanceService{}
	}
	if s.cfg.Mode != want.Mode { // its replies are recognised in another way
		for _, p := range s.places {
			if err := f.removeOrigin(s, p, now); err != nil {
				return nil, err
			}
		}
	}
	moved := s.cfg.Mode != want.Mode && len(s.places) > 0
	s.cfg, s.seed = want, seed
	switch {
	case want.Mode == dataplane.OneArm:
		s.flags = tracks | snats
	case want.Protocol == dataplane.UDP && want.Untracked:
		s.flags &= shares | tracks // once it shares endpoints, it does so while their connections last
	case want.Protocol == dataplane.UDP:
		s.flags = s.flags&shares | tracks
	default:
		s.flags &= shares | tracks
	}
	if moved {
		for _, p := range s.places {
			if p.Addr.IsValid() {
				if err := f.addOrigin(s, p); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := f.settle(s, want.Endpoints, now); err != nil {
		return nil, err
	}
	f.publish(s)
	return s, nil
}

// retire ends a service. What it had is used again once no packet can be on its
// way through it.
func (f *Forwarder) retire(s *service, now time.Time) {
	for _, p := range s.places {
		if p.Addr.IsValid() {
			if err := f.removeOrigin(s, p, now); err != nil {
				f.log.Error("a service that ends leaves a trace", "service", s.key.String(), "error", err)
			}
		}
	}
	for _, t := range []*table{s.table, s.old} {
		if t != nil {
			f.leave(s, t, now)
		}
	}
	s.table, s.old, s.retired = nil, nil, now
	f.retired = append(f.retired, s)
}

// reclaim frees the numbers of retired services.
func (f *Forwarder) reclaim(now time.Time) {
	f.retired = slices.DeleteFunc(f.retired, func(s *service) bool {
		if now.Sub(s.retired) < quarantine {
			return false
		}
		f.services[s.number] = balanceService{}
		f.numbers.give(s.number, 1, now)
		if len(s.places) > 0 {
			f.slotRoom.give(s.base, uint32(len(s.places)), now)
		}
		return true
	})
}

// applySNAT gives each SNAT range a slot. A range that is not named any more
// keeps its slot, for the connections that have its ports, and gives no more.
func (f *Forwarder) applySNAT(cfg dataplane.Config) error {
	var errs []error
	for fam := range f.snats {
		slots := f.snats[fam]
		var want []dataplane.SNAT
		for _, s := range cfg.SNAT {
			if family(s.Addr) == fam {
				want = append(want, s)
			}
		}
		for i, s := range slots {
			if at := slices.Index(want, s); at >= 0 {
				want = slices.Delete(want, at, at+1)
			} else if s.First <= s.Last { // retired: an empty range
				slots[i].First, slots[i].Last = 1, 0
				errs = append(errs, f.storeSNAT(fam, i, slots[i]))
			}
		}
		for _, s := range want {
			i := slices.IndexFunc(slots, func(o dataplane.SNAT) bool { return o.Addr == s.Addr && o.First > o.Last })
			switch {
			case i >= 0:
				slots[i] = s
			case len(slots) == maxSNAT:
				errs = append(errs, fmt.Errorf("xdp: SNAT %v: more than %d ranges of a family; mend: use fewer, larger ones", s.Addr, maxSNAT))
				continue
			default:
				i = len(slots)
				slots = append(slots, s)
			}
			errs = append(errs, f.storeSNAT(fam, i, s))
		}
		f.snats[fam] = slots
	}
	atomic.StoreUint32(&f.globals[0].Snat4, uint32(len(f.snats[0])))
	atomic.StoreUint32(&f.globals[0].Snat6, uint32(len(f.snats[1])))
	return errors.Join(errs...)
}

func (f *Forwarder) storeSNAT(fam, slot int, s dataplane.SNAT) error {
	if fam == 0 {
		return f.objects.Snats4.Put(uint32(slot), balanceSnat4{Address: words(s.Addr)[0], First: s.First, Last: s.Last})
	}
	return f.objects.Snats6.Put(uint32(slot), balanceSnat6{Address: words(s.Addr), First: s.First, Last: s.Last})
}

// speakFor says which addresses are the load balancer's.
func (f *Forwarder) speakFor(cfg dataplane.Config, now time.Time) error {
	want := make(map[netip.Addr]uint32)
	for _, s := range cfg.Services {
		want[s.VIP] |= isVIP
	}
	for _, s := range cfg.SNAT {
		want[s.Addr] |= isSNAT
	}
	for _, a := range cfg.Gateways {
		want[a] |= isGateway
	}
	var errs []error
	for a, what := range want {
		if f.spoken[a] != what {
			errs = append(errs, f.addresses[family(a)].put(key{addr: a}, what))
		}
	}
	for a := range f.spoken {
		if want[a] == 0 {
			f.addresses[family(a)].remove(key{addr: a}, now)
		}
	}
	f.spoken = want
	return errors.Join(errs...)
}

package xdp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// Flags of services and endpoints, as in bpf/maps.h.
const (
	tracks     = 1
	snats      = 2
	shares     = 4
	neighbours = 8

	isDown = 1
	drains = 2
)

// service is a service as the program has it.
type service struct {
	key     serviceKey
	cfg     dataplane.Service
	seed    uint64
	number  uint32
	flags   uint8
	table   *table
	old     *table // of another size, to which rows of the table refer
	base    uint32 // number of the endpoint with index 0, which is none
	places  []place
	failed  bool // its table is not as it should be: the next Apply tries again
	retired time.Time
}

// place is an endpoint, by its index within the service.
type place struct {
	dataplane.Endpoint        // zero: nobody's
	removed            bool   // the Config does not name it any more
	hop                hop    // as the program was told
	carried            counts // from before it had its present number
}

// index of an endpoint, or none.
func (s *service) index(e dataplane.Endpoint) window.Index {
	for i, p := range s.places {
		if i > 0 && p.Addr == e.Addr && p.Port == e.Port {
			return window.Index(i)
		}
	}
	return window.None
}

func (s *service) isDown(i window.Index) bool {
	return int(i) < len(s.places) && s.places[i].Down
}

// isWindowed: connections are not remembered but while rows change.
func (s *service) isWindowed() bool {
	return s.cfg.Protocol == dataplane.TCP && s.cfg.Mode == dataplane.DNAT
}

// settle gives each endpoint of a service an index, and marks those that it has
// no more. Their indexes stay taken while connections go there.
func (f *Forwarder) settle(s *service, want []dataplane.Endpoint, now time.Time) error {
	var fresh []dataplane.Endpoint
	named := make(map[netip.AddrPort]bool, len(want))
	for _, e := range want {
		named[netip.AddrPortFrom(e.Addr, e.Port)] = true
		if s.index(e) == window.None {
			fresh = append(fresh, e)
		}
	}
	free := 0
	for i := 1; i < len(s.places); i++ {
		if !s.places[i].Addr.IsValid() {
			free++
		}
	}
	if free < len(fresh) || len(s.places) == 0 {
		if err := f.enlarge(s, len(s.places)+len(fresh)-free, now); err != nil {
			return err
		}
	}
	for i := 1; i < len(s.places); i++ {
		p := &s.places[i]
		if !p.Addr.IsValid() && len(fresh) > 0 {
			*p = place{Endpoint: fresh[0]}
			fresh = fresh[1:]
			f.introduce(s, window.Index(i))
			if err := f.addOrigin(s, *p); err != nil {
				return err
			}
			continue
		}
		if at := slices.IndexFunc(want, func(e dataplane.Endpoint) bool { return e.Addr == p.Addr && e.Port == p.Port }); at >= 0 {
			p.Endpoint, p.removed = want[at], false
		} else if p.Addr.IsValid() {
			p.removed, p.Weight = true, 0
		}
	}
	return nil
}

// enlarge makes room for at least n places, index 0 included.
func (f *Forwarder) enlarge(s *service, n int, now time.Time) error {
	size := max(16, powerOfTwo(n+1))
	if size > int(window.MaxIndex) {
		return fmt.Errorf("more than %d endpoints, with those removed that still have connections; mend: wait until some have ended", window.MaxIndex)
	}
	base, ok := f.slotRoom.take(uint32(size), now)
	if !ok {
		return fmt.Errorf("no room for %d endpoints; mend: raise Capacity.Endpoints (%d)", size, f.cfg.Capacity.Endpoints)
	}
	places := make([]place, size)
	copy(places, s.places)
	for i := range f.endpoints[base : base+uint32(size)] {
		f.endpoints[base+uint32(i)] = balanceEndpoint{}
	}
	if base < f.slots { // somebody else had them
		if err := f.resetCounts(base, uint32(size)); err != nil {
			return err
		}
	}
	f.slots = max(f.slots, base+uint32(size))
	if len(s.places) > 0 {
		copy(f.endpoints[base:], f.endpoints[s.base:s.base+uint32(len(s.places))])
		for i := range s.places {
			c, err := f.countsOf(s, i)
			if err != nil {
				return err
			}
			places[i].carried = c
		}
		f.slotRoom.give(s.base, uint32(len(s.places)), now)
	}
	s.base, s.places = base, places
	atomic.StoreUint32(&f.services[s.number].Endpoints, base)
	return nil
}

// introduce writes a new endpoint, which no row names yet.
func (f *Forwarder) introduce(s *service, i window.Index) {
	p := &s.places[i]
	e := &f.endpoints[s.base+uint32(i)]
	*e = balanceEndpoint{Address: words(p.Addr), Mask: [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}, Port: networkOrder(p.Port)}
	p.hop = hop{}
	f.direct(s, i, f.hops[p.Addr])
}

// direct tells the program where an endpoint's frames go. A frame that is on its
// way meanwhile may have some of the old and some of the new, and be lost.
func (f *Forwarder) direct(s *service, i window.Index, h hop) {
	p := &s.places[i]
	if p.hop == h {
		return
	}
	p.hop = h
	e := &f.endpoints[s.base+uint32(i)]
	if h.ifindex == 0 {
		atomic.StoreUint32(&e.Ifindex, 0)
		return
	}
	for w, m := range h.mask {
		atomic.StoreUint32(&e.Mask[w], m)
	}
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&e.Source)), withTail(h.source, h.mtu))
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&e.Mac)), withTail(h.mac, networkOrder(h.vlan)))
	atomic.StoreUint32(&e.Ifindex, uint32(h.ifindex))
}

// withTail is a MAC address and the two bytes behind it, as in memory.
func withTail(mac [6]byte, tail uint16) uint64 {
	b := binary.NativeEndian.AppendUint16(mac[:6:6], tail)
	return binary.NativeEndian.Uint64(b)
}

// flag tells the program who is down, and who is not to get new connections.
func (f *Forwarder) flag(s *service) {
	for i := 1; i < len(s.places); i++ {
		p := &s.places[i]
		if !p.Addr.IsValid() {
			continue
		}
		var flags byte
		if p.Down {
			flags |= isDown
		}
		if p.Weight == 0 {
			flags |= drains
		}
		e := &f.endpoints[s.base+uint32(i)]
		var b [4]byte
		binary.NativeEndian.PutUint16(b[:], e.Port)
		b[2] = flags
		atomic.StoreUint32((*uint32)(unsafe.Pointer(&e.Port)), binary.NativeEndian.Uint32(b[:]))
	}
}

// publish writes what the program knows of a service but its rows.
func (f *Forwarder) publish(s *service) {
	r := &f.services[s.number]
	flags := s.flags
	if s.cfg.Mode == dataplane.DNAT && slices.ContainsFunc(s.places, func(p place) bool { return p.hop.ifindex != 0 && p.hop.mask != p.hop.host() }) {
		flags |= neighbours
	}
	r.IdleMs, r.Salt, r.Vip = uint32(s.cfg.Idle().Milliseconds()), salt(s.seed, s.cfg), words(s.cfg.VIP)
	r.Port, r.Protocol, r.Flags, r.Endpoints = networkOrder(s.cfg.Port), uint8(s.cfg.Protocol), flags, s.base
}

const originShared = 1 << 31

func originKey(s *service, p place) key {
	return key{p.Addr, p.Port, uint8(s.cfg.Protocol)}
}

// addOrigin says that an endpoint's packets may be replies of this service. If
// they may be another's as well, return entries have to say of which.
func (f *Forwarder) addOrigin(s *service, p place) error {
	if s.cfg.Mode != dataplane.DNAT {
		return nil
	}
	k := originKey(s, p)
	users := append(f.users[k], s)
	f.users[k] = users
	value := users[0].number + 1
	if len(users) > 1 {
		value |= originShared
		for _, u := range users {
			u.flags |= shares | tracks
			f.publish(u)
		}
	}
	return f.origins[family(p.Addr)].put(k, value)
}

func (f *Forwarder) removeOrigin(s *service, p place, now time.Time) error {
	k := originKey(s, p)
	at := slices.Index(f.users[k], s)
	if at < 0 {
		return nil
	}
	users := slices.Delete(f.users[k], at, at+1)
	if len(users) == 0 {
		delete(f.users, k)
		f.origins[family(p.Addr)].remove(k, now)
		return nil
	}
	f.users[k] = users
	return f.origins[family(p.Addr)].put(k, users[0].number+1|originShared) // connections of then may be remembered by it
}

package xdp

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// Flags of remembered connections, as in bpf/maps.h.
const (
	embryonic    = 1
	confirmed    = 2
	clientEnds   = 4
	endpointEnds = 8
	wasReset     = 16
)

// isClosing: both sides have ended it, or its endpoint has.
func isClosing(e balanceFlow) bool {
	const both = clientEnds | endpointEnds
	return e.Flags&wasReset != 0 || e.Flags&both == both
}

// lifetime is how long a connection may be silent, as in bpf/entry.h.
func (f *Forwarder) lifetime(e balanceFlow, s *service) time.Duration {
	switch {
	case isClosing(e):
		return f.cfg.Closing
	case e.Flags&embryonic != 0 && s.cfg.Protocol == dataplane.TCP:
		return f.cfg.Embryonic
	}
	return s.cfg.Idle()
}

// sweep forgets connections that have timed out, whose service is gone, or which
// need not be remembered any more, and lets rows be stable that have no exception
// left. The program does not wait for it: what has timed out counts as absent.
func (f *Forwarder) sweep() error {
	f.mu.Lock()
	candidates := make(map[*table][]int) // excepted before the sweep: none becomes an exception any more
	for t := range f.tables {
		if rows := t.Excepted(); len(rows) > 0 {
			candidates[t] = rows
		}
	}
	f.mu.Unlock()
	b := &broom{f: f, differs: make(map[rowOf]bool), uses: make(map[placeOf]bool), live: make(map[any]balanceFlow), orphans: make(map[any]bool)}
	m := &f.objects
	if err := errors.Join(
		sweepFlows[balanceKey4](b, m.Exceptions4, true), sweepFlows[balanceKey4](b, m.ExceptionsNew4, true),
		sweepFlows[balanceKey6](b, m.Exceptions6, true), sweepFlows[balanceKey6](b, m.ExceptionsNew6, true),
		sweepFlows[balanceKey4](b, m.Flows4, false), sweepFlows[balanceKey4](b, m.FlowsNew4, false),
		sweepFlows[balanceKey6](b, m.Flows6, false), sweepFlows[balanceKey6](b, m.FlowsNew6, false),
	); err != nil {
		return fmt.Errorf("xdp: sweep: %w", err)
	}
	if err := errors.Join(sweepReturns[balanceKey4](b, m.Returns4), sweepReturns[balanceKey4](b, m.ReturnsNew4),
		sweepReturns[balanceKey6](b, m.Returns6), sweepReturns[balanceKey6](b, m.ReturnsNew6)); err != nil {
		return fmt.Errorf("xdp: sweep: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orphans = b.orphans
	for t, rows := range candidates {
		for _, row := range rows {
			if !b.differs[rowOf{t, row}] && t.Settle(row) {
				f.store(t, []int{row})
			}
		}
	}
	return f.freePlaces(b.uses)
}

// rowOf and placeOf are a row of a table and an endpoint of a service.
type (
	rowOf struct {
		*table
		row int
	}
	placeOf struct {
		*service
		index window.Index
	}
)

// broom is what one sweep finds.
type broom struct {
	f       *Forwarder
	differs map[rowOf]bool      // have a connection that goes elsewhere
	uses    map[placeOf]bool    // are in use by a connection
	live    map[any]balanceFlow // connections that are remembered by flows, by their keys
	orphans map[any]bool        // return entries without a connection: gone the next time
}

// connection is a connection's key, of either family.
type connection interface {
	service() serviceKey
	client() (netip.Addr, uint16)
}

type flowKey interface {
	comparable
	connection
}

// keep reports whether a connection is to be remembered on.
func (b *broom) keep(k connection, e balanceFlow, excepted bool) bool {
	f := b.f
	s := f.known[k.service()]
	if s == nil || s.table == nil {
		return false
	}
	now := uint32(f.clock().UnixMilli())
	if silent := time.Duration(int32(now-e.Last)) * time.Millisecond; silent > f.lifetime(e, s) {
		return false
	}
	at := window.Index(e.Endpoint)
	row := s.rowOf(k)
	w := s.table.Word(row)
	if excepted && w.State() != window.Changing && w.Now() == at {
		return false // the row says so
	}
	if s.isWindowed() && w.Now() != at {
		b.differs[rowOf{s.table, row}] = true
	}
	b.uses[placeOf{s, at}] = true
	return true
}

// rowOf is the row of a connection in the service's table.
func (s *service) rowOf(k connection) int {
	addr, port := k.client()
	w := words(addr)
	secret := salt(s.seed, s.cfg)
	var h uint32
	if addr.Is4() {
		h = hash4(w[0], networkOrder(port), secret)
	} else {
		h = hash6(w, networkOrder(port), secret)
	}
	return int(uint64(h) * uint64(s.table.Rows()) >> 32)
}

const batch = 1024

// each calls visit with all entries of a map; some may be missed, or come twice,
// if the map changes meanwhile.
func each[K comparable, V any](m *ebpf.Map, visit func(keys []K, values []V) error) error {
	keys, values := make([]K, batch), make([]V, batch)
	var cursor ebpf.MapBatchCursor
	for {
		n, err := m.BatchLookup(&cursor, keys, values, nil)
		end := errors.Is(err, ebpf.ErrKeyNotExist)
		if err != nil && !end {
			return err
		}
		if err := visit(keys[:n], values[:n]); err != nil || end {
			return err
		}
	}
}

func sweepFlows[K flowKey](b *broom, m *ebpf.Map, excepted bool) error {
	return each(m, func(keys []K, values []balanceFlow) error {
		b.f.mu.Lock()
		defer b.f.mu.Unlock()
		for i, k := range keys {
			if b.keep(k, values[i], excepted) {
				if !excepted {
					b.live[k] = values[i]
				}
				continue
			}
			var now balanceFlow // it may have come to life since
			if err := m.Lookup(k, &now); err == nil && now.Last == values[i].Last {
				if err := ignoreMissing(m.Delete(k)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// sweepReturns forgets return entries of which the connection was not there in
// two sweeps: they are made first.
func sweepReturns[K flowKey](b *broom, m *ebpf.Map) error {
	return each(m, func(keys []K, values []K) error {
		for i, k := range keys {
			if flow, ok := b.live[values[i]]; ok && b.f.holds(k, values[i], flow) {
				continue
			}
			if !b.f.orphans[k] {
				b.orphans[k] = true
				continue
			}
			if err := ignoreMissing(m.Delete(k)); err != nil {
				return err
			}
		}
		return nil
	})
}

// holds reports whether a return entry is a connection's own: it may have had
// another one before.
func (f *Forwarder) holds(back, k connection, e balanceFlow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.known[k.service()]
	if s == nil || int(e.Endpoint) >= len(s.places) {
		return false
	}
	from, port := back.client()
	if p := s.places[e.Endpoint]; p.Addr != from || p.Port != port {
		return false
	}
	to := back.service()
	if e.Snat == 0 {
		client, clientPort := k.client()
		return to.vip == client && to.port == clientPort
	}
	slots := f.snats[family(from)]
	return int(e.Snat) <= len(slots) && slots[e.Snat-1].Addr == to.vip && networkOrder(e.SnatPort) == to.port
}

// freePlaces gives up endpoints that are not named any more, and that nothing
// refers to. f.mu is held.
func (f *Forwarder) freePlaces(used map[placeOf]bool) error {
	now := f.clock()
	var errs []error
	for _, s := range f.known {
		for i := 1; i < len(s.places); i++ {
			p := &s.places[i]
			index := window.Index(i)
			if !p.removed || used[placeOf{s, index}] || s.table.Uses(index) || (s.old != nil && s.old.Uses(index)) {
				continue
			}
			errs = append(errs, f.removeOrigin(s, *p, now))
			*p = place{}
			atomic.StoreUint32(&f.endpoints[s.base+uint32(i)].Ifindex, 0)
		}
	}
	return errors.Join(errs...)
}

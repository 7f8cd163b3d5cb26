package xdp

import (
	"fmt"
	"iter"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// reasons are the names of why packets are dropped, in the order of bpf/maps.h.
// The last three are no drops.
func reasons() []string {
	return []string{
		"", "malformed", "fragment", "no-service", "no-endpoint", "no-flow", "no-port", "no-room", "no-next-hop",
		"hairpin", "collision", "ttl", "mtu", "options", "headroom", "left-to-host", "crowded", "unsettled",
	}
}

// Status says what the program does.
func (f *Forwarder) Status() (dataplane.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := dataplane.Status{Interfaces: f.interfaces(), Drops: make(map[string]uint64)}
	for reason, name := range reasons() {
		var each []uint64
		if err := f.objects.Reasons.Lookup(uint32(reason), &each); err != nil {
			return st, fmt.Errorf("xdp: read the counter %s: %w", name, err)
		}
		var sum uint64
		for _, n := range each {
			sum += n
		}
		switch name {
		case "":
		case "left-to-host":
			st.Passed = sum
		case "crowded", "unsettled":
			st.Unremembered += sum
		default:
			st.Drops[name] = sum
		}
	}
	for _, s := range f.order {
		service, err := f.serviceStatus(s)
		if err != nil {
			return st, fmt.Errorf("xdp: %w", err)
		}
		st.Services = append(st.Services, service)
	}
	var err error
	st.Flows, err = f.flowTables()
	return st, err
}

func (f *Forwarder) serviceStatus(s *service) (dataplane.ServiceStatus, error) {
	_, changing, excepted := s.table.Counts()
	st := dataplane.ServiceStatus{Service: s.cfg, Rows: s.table.Rows(), Changing: changing, Excepted: excepted}
	shares := make(map[window.Index]int)
	for _, w := range s.table.Words() {
		shares[w.Now()]++
	}
	for i := 1; i < len(s.places); i++ {
		p := s.places[i]
		if !p.Addr.IsValid() {
			continue
		}
		c, err := f.countsOf(s, i)
		if err != nil {
			return st, err
		}
		e := dataplane.EndpointStatus{
			Endpoint: p.Endpoint, Removed: p.removed, Share: float64(shares[window.Index(i)]) / float64(s.table.Rows()),
			Packets: c.packets, Bytes: c.bytes, Connections: c.connections, Replies: c.replies,
		}
		if p.hop.ifindex != 0 {
			m := p.hop.mac
			e.NextHop = fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x %s", m[0], m[1], m[2], m[3], m[4], m[5], p.hop.device)
		}
		st.Endpoints = append(st.Endpoints, e)
	}
	return st, nil
}

// tables of connections, with their names.
func (f *Forwarder) flowMaps() []struct {
	name     string
	old, new *ebpf.Map
	is6      bool
} {
	m := &f.objects
	return []struct {
		name     string
		old, new *ebpf.Map
		is6      bool
	}{
		{"exceptions, IPv4", m.Exceptions4, m.ExceptionsNew4, false},
		{"exceptions, IPv6", m.Exceptions6, m.ExceptionsNew6, true},
		{"flows, IPv4", m.Flows4, m.FlowsNew4, false},
		{"flows, IPv6", m.Flows6, m.FlowsNew6, true},
	}
}

func (f *Forwarder) flowTables() (all []dataplane.FlowTable, err error) {
	for _, t := range f.flowMaps() {
		for _, part := range []struct {
			suffix string
			m      *ebpf.Map
		}{{"", t.old}, {", new", t.new}} {
			used := 0
			if t.is6 {
				err = each(part.m, func(keys []balanceKey6, _ []balanceFlow) error { used += len(keys); return nil })
			} else {
				err = each(part.m, func(keys []balanceKey4, _ []balanceFlow) error { used += len(keys); return nil })
			}
			if err != nil {
				return nil, fmt.Errorf("xdp: count %s: %w", t.name, err)
			}
			all = append(all, dataplane.FlowTable{Name: t.name + part.suffix, Used: used, Room: int(part.m.MaxEntries())})
		}
	}
	return all, nil
}

// Flows are the connections that are remembered. Those that begin or end
// meanwhile may be missing, or come twice.
func (f *Forwarder) Flows() iter.Seq2[dataplane.Flow, error] {
	return func(yield func(dataplane.Flow, error) bool) {
		for _, t := range f.flowMaps() {
			for _, m := range []*ebpf.Map{t.old, t.new} {
				var more bool
				var err error
				if t.is6 {
					more, err = tell[balanceKey6](f, m, yield)
				} else {
					more, err = tell[balanceKey4](f, m, yield)
				}
				if err != nil {
					yield(dataplane.Flow{}, fmt.Errorf("xdp: read %s: %w", t.name, err))
					return
				}
				if !more {
					return
				}
			}
		}
	}
}

func tell[K flowKey](f *Forwarder, m *ebpf.Map, yield func(dataplane.Flow, error) bool) (more bool, err error) {
	more = true
	err = each(m, func(keys []K, values []balanceFlow) error {
		for i, k := range keys {
			flow, ok := f.flow(k, values[i])
			if more && ok {
				more = yield(flow, nil)
			}
		}
		return nil
	})
	return more, err
}

// flow is an entry in words; false if it has timed out, or has no service.
func (f *Forwarder) flow(k connection, e balanceFlow) (dataplane.Flow, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.known[k.service()]
	if s == nil || int(e.Endpoint) >= len(s.places) {
		return dataplane.Flow{}, false
	}
	addr, port := k.client()
	p := s.places[e.Endpoint]
	silent := time.Duration(int32(uint32(f.clock().UnixMilli())-e.Last)) * time.Millisecond
	flow := dataplane.Flow{
		Protocol: s.cfg.Protocol, Client: netip.AddrPortFrom(addr, port), VIP: netip.AddrPortFrom(s.cfg.VIP, s.cfg.Port),
		Endpoint: netip.AddrPortFrom(p.Addr, p.Port), State: "new", Idle: max(silent, 0), Expires: f.lifetime(e, s) - silent,
	}
	switch {
	case isClosing(e):
		flow.State = "closing"
	case e.Flags&embryonic == 0:
		flow.State = "established"
	}
	if slots := f.snats[family(addr)]; e.Snat > 0 && int(e.Snat) <= len(slots) {
		flow.SNAT = netip.AddrPortFrom(slots[e.Snat-1].Addr, networkOrder(e.SnatPort))
	}
	return flow, flow.Expires >= 0
}

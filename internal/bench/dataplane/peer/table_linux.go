package peer

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/internal/bench/dataplane/bpf"
)

// Backends is how many a service of a Table has.
const Backends = 4

// Table is the floor, and a table of connections of which the least recently
// used make room for new ones.
type Table struct {
	objects bpf.PeersObjects
	known   uint32 // how many services there are
}

// NewTable loads a table with room for so many connections of each family.
func NewTable(flows int) (*Table, error) {
	spec, err := bpf.LoadPeers()
	if err != nil {
		return nil, err
	}
	spec.Maps[bpf.PeersMapFlows4].MaxEntries = uint32(flows)
	spec.Maps[bpf.PeersMapFlows6].MaxEntries = uint32(flows)
	t := &Table{}
	if err := spec.LoadAndAssign(&t.objects, nil); err != nil {
		return nil, fmt.Errorf("load the references: %w", err)
	}
	return t, nil
}

// Floor parses a frame, and sends it back.
func (t *Table) Floor() *ebpf.Program { return t.objects.Bare }

// Program looks connections up. It is one for IPv4, and another for IPv6.
func (t *Table) Program(ipv6 bool) *ebpf.Program {
	if ipv6 {
		return t.objects.Lru6
	}
	return t.objects.Lru4
}

// Add makes services of so many VIPs in a row.
func (t *Table) Add(vip netip.Addr, vips int, port uint16, backends [Backends]netip.AddrPort, from, to net.HardwareAddr) error {
	services := t.objects.Services6
	if vip.Is4() {
		services = t.objects.Services4
	}
	for range vips {
		key := append(vip.AsSlice(), byte(port>>8), byte(port), 0, 0)
		binary.NativeEndian.PutUint16(key[len(key)-2:], 6)
		if err := services.Put(key, t.known); err != nil {
			return err
		}
		for i, b := range backends {
			if err := t.objects.Backends.Put(t.known*Backends+uint32(i), backend(b, from, to)); err != nil {
				return err
			}
		}
		t.known++
		vip = vip.Next()
	}
	return nil
}

// backend is struct backend of peers.c.
func backend(b netip.AddrPort, from, to net.HardwareAddr) []byte {
	value := make([]byte, 0, 32)
	value = append(append(value, to...), from...)
	value = binary.BigEndian.AppendUint16(value, b.Port())
	value = append(append(value, 0, 0), b.Addr().AsSlice()...)
	return value[:cap(value)]
}

// Flows is how many connections are known.
func (t *Table) Flows(ipv6 bool) (n int, err error) {
	m := t.objects.Flows4
	if ipv6 {
		m = t.objects.Flows6
	}
	key, value := make([]byte, m.KeySize()), uint32(0)
	each := m.Iterate()
	for each.Next(&key, &value) {
		n++
	}
	return n, each.Err()
}

// Close frees it.
func (t *Table) Close() error { return t.objects.Close() }

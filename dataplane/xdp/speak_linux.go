package xdp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/dataplane/internal/window"
)

// redirect tells the program where a service's endpoints are now.
func (f *Forwarder) redirect(s *service, targets map[netip.Addr]hop) {
	for i := range s.places {
		p := &s.places[i]
		h, ok := targets[p.Addr]
		if !ok || p.hop == h {
			continue
		}
		if h.ifindex == 0 && p.hop.ifindex != 0 && h.device == "" {
			f.log.Warn("the way to an endpoint is not known any more", "service", s.key.String(), "endpoint", p.String())
		} else if h.ifindex != 0 {
			f.log.Debug("the way to an endpoint", "service", s.key.String(), "endpoint", p.String(), "interface", h.device, "mac", fmt.Sprintf("%x", h.mac))
		}
		f.direct(s, window.Index(i), h)
	}
	f.publish(s)
}

// openPorts says by which interfaces frames can be sent.
func (f *Forwarder) openPorts(n network) error {
	var errs []error
	for index, p := range n.ports {
		entry := balancePort{Ifindex: uint32(p.ifindex), Vlan: networkOrder(p.vlan), Mtu: uint16(min(p.mtu, 65535)), Mac: p.mac}
		errs = append(errs, f.objects.Ports.Put(uint32(index), entry))
	}
	var gone []uint32
	var index uint32
	var entry balancePort
	each := f.objects.Ports.Iterate()
	for each.Next(&index, &entry) {
		if _, ok := n.ports[int(index)]; !ok {
			gone = append(gone, index)
		}
	}
	errs = append(errs, each.Err())
	for _, index := range gone {
		errs = append(errs, ignoreMissing(f.objects.Ports.Delete(index)))
	}
	return errors.Join(errs...)
}

// speak answers for addresses on the interfaces whose prefix holds them.
func (f *Forwarder) speak(n network) error {
	want := make(map[balanceSpeaker]balanceMac)
	for _, p := range n.ports {
		for a := range f.spoken {
			holds := func(prefix netip.Prefix) bool { return prefix.Contains(a) && prefix.Bits() < a.BitLen() }
			if slices.ContainsFunc(p.nets, holds) {
				fam := uint16(4)
				if a.Is6() {
					fam = 6
				}
				who := balanceSpeaker{Ifindex: uint32(p.ifindex), Vlan: networkOrder(p.vlan), Family: fam, Address: words(a)}
				want[who] = balanceMac{Bytes: p.mac}
			}
		}
	}
	var errs []error
	for who, mac := range want {
		if was, ok := f.speaking[who]; !ok || was != mac {
			errs = append(errs, f.objects.Speakers.Put(who, mac))
		}
	}
	for who := range f.speaking {
		if _, ok := want[who]; !ok {
			errs = append(errs, ignoreMissing(f.objects.Speakers.Delete(who)))
		}
	}
	f.speaking = want
	return errors.Join(errs...)
}

func ignoreMissing(err error) error {
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

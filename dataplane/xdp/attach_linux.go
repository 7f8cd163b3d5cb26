package xdp

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"

	"github.com/regent-ha/regent/dataplane"
)

// attachment is the program on an interface.
type attachment struct {
	name   string
	link   link.Link // nil: it could not be attached
	driver string
	err    error
}

// attach attaches the program to the interfaces that are selected and do not
// have it, and forgets those that are gone or were renamed.
func (f *Forwarder) attach(selected func(name string) bool) error {
	links, err := netlink.LinkList()
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return fmt.Errorf("xdp: list interfaces: %w", err)
	}
	want := make(map[int]string)
	for _, l := range links {
		if selected(l.Attrs().Name) {
			want[l.Attrs().Index] = l.Attrs().Name
		}
	}
	for _, l := range links { // a VLAN's frames are seen on the interface below
		if _, ok := l.(*netlink.Vlan); ok && want[l.Attrs().ParentIndex] != "" {
			delete(want, l.Attrs().Index)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for index, a := range f.links {
		if want[index] != a.name {
			f.detach(index)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(want)) {
		if a, ok := f.links[index]; ok && a.link != nil {
			continue
		}
		f.attachTo(index, want[index])
	}
	return nil
}

func (f *Forwarder) attachTo(index int, name string) {
	a := &attachment{name: name, driver: "native"}
	options := link.XDPOptions{Program: f.objects.Balance, Interface: index, Flags: link.XDPDriverMode}
	if f.cfg.Generic {
		a.err = errors.New("not tried")
	} else {
		a.link, a.err = link.AttachXDP(options)
	}
	if a.err != nil {
		a.driver, options.Flags = "generic", link.XDPGenericMode
		native := a.err
		if a.link, a.err = link.AttachXDP(options); a.err != nil {
			a.driver = ""
			a.err = fmt.Errorf("xdp: attach to %s: natively: %w; generically: %w", name, native, a.err)
			a.link = nil
		}
	}
	if before, ok := f.links[index]; !ok || before.driver != a.driver || (before.err == nil) != (a.err == nil) {
		switch {
		case a.err != nil:
			f.log.Error("an interface has no program", "interface", name, "error", a.err)
		case a.driver == "generic" && !f.cfg.Generic:
			f.log.Warn("the interface's driver cannot run programs: the kernel's stack does, slower", "interface", name)
		default:
			f.log.Info("attached", "interface", name, "driver", a.driver)
		}
	}
	if a.link != nil {
		if err := keepTags(name); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			f.log.Warn("the interface takes VLAN tags off received frames, where the program does not see them", "interface", name, "error", err)
		}
	}
	f.links[index] = a
}

func (f *Forwarder) detach(index int) {
	a := f.links[index]
	delete(f.links, index)
	if a.link == nil {
		return
	}
	if err := a.link.Close(); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		f.log.Warn("detach", "interface", a.name, "error", err)
	}
}

func (f *Forwarder) detachAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for index := range f.links {
		f.detach(index)
	}
}

// interfaces is for Status. f.mu is held.
func (f *Forwarder) interfaces() []dataplane.InterfaceStatus {
	var all []dataplane.InterfaceStatus
	for _, index := range slices.Sorted(maps.Keys(f.links)) {
		a := f.links[index]
		all = append(all, dataplane.InterfaceStatus{Name: a.name, Index: index, Driver: a.driver, Err: a.err})
	}
	return all
}

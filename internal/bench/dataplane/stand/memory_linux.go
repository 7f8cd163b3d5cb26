package stand

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
)

// tracked is what maps take that have room for so many connections of each
// kind. It is taken when they are made.
func tracked(connections int) (_ map[string]uint64, err error) {
	f, err := newForwarder(room{exceptions: connections, flows: connections})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return mapsOf(f.Program())
}

// mapsOf is what each map of a program takes of the kernel's memory.
func mapsOf(p *ebpf.Program) (map[string]uint64, error) {
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	ids, ok := info.MapIDs()
	if !ok {
		return nil, errors.New("the kernel does not say which maps a program has")
	}
	bytes := make(map[string]uint64)
	for _, id := range ids {
		if err := addMap(bytes, id); err != nil {
			return nil, err
		}
	}
	return bytes, nil
}

func addMap(bytes map[string]uint64, id ebpf.MapID) error {
	m, err := ebpf.NewMapFromID(id)
	if err != nil {
		return fmt.Errorf("map %d (CAP_SYS_ADMIN): %w", id, err)
	}
	defer func() { _ = m.Close() }()
	info, err := m.Info()
	if err != nil {
		return err
	}
	taken, ok := info.Memlock()
	if !ok {
		return fmt.Errorf("map %s: the kernel does not say what it takes", info.Name)
	}
	bytes[strings.TrimPrefix(info.Name, ".")] += taken
	return nil
}

package netlab

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// realFrames lets an interface send frames as they are on a wire. See the
// package's documentation.
func (n *Namespace) realFrames(name string) error {
	return n.Do(func() error {
		e, err := openEthtool(name)
		if err != nil {
			return err
		}
		defer e.close()
		if err := e.set(unix.ETHTOOL_STXCSUM, 0); err != nil {
			return fmt.Errorf("netlab: %s: %s: checksums in software: %w", n.Name, name, err)
		}
		if err := e.set(unix.ETHTOOL_SGRO, 1); err != nil {
			return fmt.Errorf("netlab: %s: %s: generic receive offload: %w", n.Name, name, err)
		}
		const txVLAN = 1 << 7 // ETH_FLAG_TXVLAN
		flags, err := e.get(unix.ETHTOOL_GFLAGS)
		if err != nil {
			return fmt.Errorf("netlab: %s: %s: flags: %w", n.Name, name, err)
		}
		if err := e.set(unix.ETHTOOL_SFLAGS, flags&^txVLAN); err != nil {
			return fmt.Errorf("netlab: %s: %s: VLAN tags in software: %w", n.Name, name, err)
		}
		return nil
	})
}

// ethtool asks a driver by ioctl, as the program of that name does.
type ethtool struct {
	fd   int
	name string
}

// ethtoolValue is struct ethtool_value of linux/ethtool.h.
type ethtoolValue struct{ command, data uint32 }

// ethtoolRequest is struct ifreq of linux/if.h, whose union has 24 bytes.
type ethtoolRequest struct {
	name  [unix.IFNAMSIZ]byte
	value *ethtoolValue
	_     [24 - unsafe.Sizeof(uintptr(0))]byte
}

func openEthtool(name string) (*ethtool, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("netlab: socket: %w", err)
	}
	return &ethtool{fd, name}, nil
}

func (e *ethtool) close() { _ = unix.Close(e.fd) }

func (e *ethtool) set(command, data uint32) error {
	return e.do(&ethtoolValue{command, data})
}

func (e *ethtool) get(command uint32) (uint32, error) {
	v := ethtoolValue{command: command}
	err := e.do(&v)
	return v.data, err
}

func (e *ethtool) do(v *ethtoolValue) error {
	r := ethtoolRequest{value: v}
	copy(r.name[:unix.IFNAMSIZ-1], e.name)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(e.fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return errno
	}
	return nil
}

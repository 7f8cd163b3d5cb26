package xdp

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of the old interface of ethtool, which all drivers with the feature have.
const (
	getFlags     = 0x25   // ETHTOOL_GFLAGS
	setFlags     = 0x26   // ETHTOOL_SFLAGS
	receivesVLAN = 1 << 8 // ETH_FLAG_RXVLAN
)

// keepTags lets received frames keep their VLAN tags: where the hardware takes
// them off, a program that runs before the stack does not see them.
func keepTags(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket for ethtool: %w", err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written to it
	flags, err := ethtool(fd, name, getFlags, 0)
	if err != nil || flags&receivesVLAN == 0 {
		return err
	}
	_, err = ethtool(fd, name, setFlags, flags&^receivesVLAN)
	return err
}

func ethtool(fd int, name string, command, value uint32) (uint32, error) {
	request := [2]uint32{command, value}
	var ifr struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [24 - unsafe.Sizeof(uintptr(0))]byte
	}
	copy(ifr.name[:unix.IFNAMSIZ-1], name)
	ifr.data = unsafe.Pointer(&request)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifr))); errno != 0 {
		return 0, fmt.Errorf("ethtool of %s: %w", name, errno)
	}
	return request[1], nil
}

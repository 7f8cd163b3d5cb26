//go:build linux || darwin

package probe

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// pingSocket opens a connected datagram socket for ICMP, which needs no
// privilege where the host allows it. Package net has none.
func pingSocket(at Destination) (net.Conn, error) {
	family, protocol := syscall.AF_INET, syscall.IPPROTO_ICMP
	if at.Addr.Addr().Is6() {
		family, protocol = syscall.AF_INET6, syscall.IPPROTO_ICMPV6
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM, protocol)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("ping socket", err)
	}
	file := os.NewFile(uintptr(fd), "ping")
	defer func() { _ = file.Close() }() // FileConn duplicates it
	if err := at.connect(fd); err != nil {
		return nil, err
	}
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("ping socket: %w", err)
	}
	return conn, nil
}

func (d Destination) connect(fd int) error {
	if err := d.prepare(uintptr(fd), nil); err != nil {
		return err
	}
	if d.Source.IsValid() {
		if err := syscall.Bind(fd, sockaddr(d.Source)); err != nil {
			return fmt.Errorf("source %v: %w", d.Source, os.NewSyscallError("bind", err))
		}
	}
	return os.NewSyscallError("connect", syscall.Connect(fd, sockaddr(d.Addr.Addr())))
}

func sockaddr(a netip.Addr) syscall.Sockaddr {
	if a.Is4() {
		return &syscall.SockaddrInet4{Addr: a.As4()}
	}
	return &syscall.SockaddrInet6{Addr: a.As16()}
}

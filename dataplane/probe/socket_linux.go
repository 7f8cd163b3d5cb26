package probe

import (
	"fmt"
	"os"
	"syscall"
)

const canHalfOpen = true

// answerBuffer holds what is looked at of an answer; the kernel cuts the rest.
const answerBuffer = 4096

func bindToInterface(fd uintptr, name string) error {
	if err := syscall.BindToDevice(int(fd), name); err != nil {
		return fmt.Errorf("interface %s: %w", name, os.NewSyscallError("setsockopt SO_BINDTODEVICE", err))
	}
	return nil
}

// holdAck lets the kernel wait before it acknowledges the SYN-ACK, by when the
// connection is reset.
func holdAck(fd uintptr) error {
	return os.NewSyscallError("setsockopt TCP_QUICKACK", syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 0))
}

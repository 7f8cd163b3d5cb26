package traffic

import (
	"net"

	"golang.org/x/sys/unix"
)

// repeated says whether a connection that was just made has sent its SYN more than
// once.
func repeated(conn net.Conn) (again bool) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		again = err == nil && info.Total_retrans > 0
	})
	return again
}

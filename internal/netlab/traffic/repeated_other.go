//go:build !linux

package traffic

import "net"

// repeated is not known here.
func repeated(net.Conn) bool { return false }

package probe

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Probe checks one destination, once. [TCP], [UDP], [HTTP] and [ICMP] are
// Probes.
type Probe interface {
	// Check returns nil if the destination is well, else what is wrong with it.
	// It returns once ctx ends, and leaves nothing behind. It is safe for
	// concurrent use.
	Check(ctx context.Context, at Destination) error
	// Validate joins all that is wrong with the probe's settings, each a
	// *[FieldError].
	Validate() error
}

// Destination is where a check goes, and from where.
type Destination struct {
	// Addr is what is checked. ICMP takes no notice of the port.
	Addr netip.AddrPort
	// Source is the address from which it is checked, of Addr's family; this
	// host has it. The zero value leaves the choice to the host.
	Source netip.Addr
	// Interface is the network interface through which it is checked, whatever
	// the routes say; only on Linux. "" = as the routes say.
	Interface string
}

// dial connects. ctx has a deadline; the address is a literal, so that no
// resolver is asked.
func (d Destination) dial(ctx context.Context, network string, control func(fd uintptr) error) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: -1, Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if fault := raw.Control(func(fd uintptr) { err = d.prepare(fd, control) }); fault != nil {
			return fault
		}
		return err
	}}
	address, source := d.Addr.String(), net.IP(d.Source.AsSlice())
	var local net.Addr
	switch network {
	case "tcp":
		local = &net.TCPAddr{IP: source}
	case "udp":
		local = &net.UDPAddr{IP: source}
	default:
		address, local = d.Addr.Addr().String(), &net.IPAddr{IP: source}
	}
	if d.Source.IsValid() { // else a port would be bound for all destinations
		dialer.LocalAddr = local
	}
	return dialer.DialContext(ctx, network, address)
}

// prepare sets what a socket needs before it is connected.
func (d Destination) prepare(fd uintptr, control func(fd uintptr) error) error {
	if d.Interface != "" {
		if err := bindToInterface(fd, d.Interface); err != nil {
			return err
		}
	}
	if control != nil {
		return control(fd)
	}
	return nil
}

// abortOn lets reads and writes of conn end when ctx does, until the function
// that it returns is called.
func abortOn(ctx context.Context, conn net.Conn) (done func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

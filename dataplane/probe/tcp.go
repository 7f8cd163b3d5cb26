package probe

import (
	"context"
	"fmt"
	"net"
)

// TCP is well if a connection can be made. No data is sent, and the connection
// is reset rather than closed, so that the prober's host keeps no socket in
// TIME_WAIT for each check.
type TCP struct {
	// HalfOpen resets the connection after the SYN-ACK, before it is
	// established: the endpoint's program does not see it. It is only on Linux,
	// and, as the kernel may acknowledge early, nothing to rely on.
	HalfOpen bool
}

// Validate is part of [Probe].
func (t TCP) Validate() error {
	if t.HalfOpen && !canHalfOpen {
		return &FieldError{Field: "HalfOpen", Value: true, Bound: "needs Linux", Mend: "false: whole connections"}
	}
	return nil
}

// Check is part of [Probe].
func (t TCP) Check(ctx context.Context, at Destination) error {
	var control func(uintptr) error
	if t.HalfOpen {
		control = holdAck
	}
	conn, err := at.dial(ctx, "tcp", control)
	if err != nil {
		return fmt.Errorf("probe: tcp: %w", err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close() // it is reset, whatever this says
	return nil
}

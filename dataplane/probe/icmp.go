package probe

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// ICMP is well if an echo request is answered (RFC 792, RFC 4443 section 4). It
// says that the host is there, not that it serves.
//
// It needs a ping socket, which Linux gives to the groups in the sysctl
// net.ipv4.ping_group_range (for IPv6 as well), macOS to all; or a raw socket,
// for which Linux wants CAP_NET_RAW. Without either Check returns an error that
// Is [ErrNotPermitted].
type ICMP struct{}

// ErrNotPermitted is ICMP's error where it may not send.
var ErrNotPermitted = errors.New("neither ping sockets nor raw sockets are permitted; mend: let net.ipv4.ping_group_range hold the process's group, or give it CAP_NET_RAW, or probe with TCP")

// Validate is part of [Probe].
func (ICMP) Validate() error { return nil }

// Check is part of [Probe].
func (ICMP) Check(ctx context.Context, at Destination) error {
	if err := echo(ctx, at); err != nil {
		return fmt.Errorf("probe: icmp echo %v: %w", at.Addr.Addr(), err)
	}
	return nil
}

func echo(ctx context.Context, at Destination) error {
	conn, err := openEcho(ctx, at)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if until, limited := ctx.Deadline(); limited {
		if err := conn.SetDeadline(until); err != nil {
			return err
		}
	}
	defer abortOn(ctx, conn)()
	// A ping socket has an identifier that the kernel picks, and a raw socket
	// sees what comes for others: it is the data that tells whose a reply is.
	data := make([]byte, 32)
	_, _ = rand.Read(data) // never fails
	six := at.Addr.Addr().Is6()
	// The identifier is random, as the kernel's connection tracking refuses a
	// packet while it takes in another one with the same.
	if _, err := conn.Write(echoRequest(six, binary.BigEndian.Uint16(data), data)); err != nil {
		return err
	}
	packet := make([]byte, 1500)
	for {
		n, err := conn.Read(packet)
		if err != nil {
			return err
		}
		if isEchoReply(six, packet[:n], data) {
			return nil
		}
	}
}

// openEcho opens a ping socket or else a raw one. It is connected: what comes
// from other addresses is not read.
func openEcho(ctx context.Context, at Destination) (net.Conn, error) {
	conn, ping := pingSocket(at)
	if !denied(ping) {
		return conn, ping
	}
	network := "ip4:icmp"
	if at.Addr.Addr().Is6() {
		network = "ip6:ipv6-icmp"
	}
	conn, raw := at.dial(ctx, network, nil)
	if denied(raw) {
		return nil, fmt.Errorf("%w (%w; %w)", ErrNotPermitted, ping, raw)
	}
	return conn, raw
}

// denied: this kind of socket is not to be had here.
func denied(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPROTONOSUPPORT)
}

package netlab

import (
	"context"
	"net"
)

// Dial connects from the namespace to a numeric address. The connection may be
// used anywhere.
func (n *Namespace) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = (&net.Dialer{KeepAlive: -1}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen takes connections in the namespace.
func (n *Namespace) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var listener net.Listener
	err := n.Do(func() (err error) {
		listener, err = (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, network, address)
		return err
	})
	return listener, err
}

// ListenPacket takes packets in the namespace.
func (n *Namespace) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	var conn net.PacketConn
	err := n.Do(func() (err error) {
		conn, err = (&net.ListenConfig{}).ListenPacket(ctx, network, address)
		return err
	})
	return conn, err
}

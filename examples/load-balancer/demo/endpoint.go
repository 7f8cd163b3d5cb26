package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// servePort is where endpoints serve, TCP and UDP.
const servePort = 8080

// endpoint serves until ctx ends, and says when it does.
func endpoint(ctx context.Context, name string, out io.Writer) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", ":"+strconv.Itoa(servePort))
	if err != nil {
		return err
	}
	conn, err := config.ListenPacket(ctx, "udp", ":"+strconv.Itoa(servePort))
	if err != nil {
		_ = listener.Close()
		return err
	}
	if _, err := fmt.Fprintln(out, "serving"); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	s := traffic.Server{Name: name}
	group.Go(func() error { return s.Serve(ctx, listener) })
	group.Go(func() error { return s.ServePackets(ctx, conn) })
	return group.Wait()
}

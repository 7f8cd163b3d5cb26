package main

import (
	"log/slog"

	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

// newForwarder loads the program into the kernel. It forwards nothing yet.
func newForwarder(s config.Static, logger *slog.Logger) (balancer.Forwarder, error) {
	f, err := xdp.New(xdp.Config{Interfaces: s.Interfaces, Generic: s.Generic, Capacity: s.Capacity, Logger: logger})
	if err != nil {
		return nil, err // and not a nil *Forwarder as an interface
	}
	return f, nil
}

//go:build !linux

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

func newForwarder(config.Static, *slog.Logger) (balancer.Forwarder, error) {
	return nil, fmt.Errorf("XDP is Linux's, and this is %s: %w; mend: run it on Linux, or only check the file here, with -check", runtime.GOOS, errors.ErrUnsupported)
}

//go:build !linux

package xdp

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/dataplane"
)

// Forwarder is a [dataplane.Forwarder]: on Linux only.
type Forwarder struct{}

// New returns an error that is errors.ErrUnsupported.
func New(Config) (*Forwarder, error) {
	return nil, fmt.Errorf("xdp: on %s: %w; mend: run it on Linux", runtime.GOOS, errors.ErrUnsupported)
}

// Run returns an error that is errors.ErrUnsupported.
func (*Forwarder) Run(context.Context) error { return errors.ErrUnsupported }

// Apply returns an error that is errors.ErrUnsupported.
func (*Forwarder) Apply(context.Context, dataplane.Config) error { return errors.ErrUnsupported }

// Status returns an error that is errors.ErrUnsupported.
func (*Forwarder) Status() (dataplane.Status, error) {
	return dataplane.Status{}, errors.ErrUnsupported
}

// Flows are none.
func (*Forwarder) Flows() iter.Seq2[dataplane.Flow, error] {
	return func(func(dataplane.Flow, error) bool) {}
}

// Program is nil.
func (*Forwarder) Program() *ebpf.Program { return nil }

// Close does nothing.
func (*Forwarder) Close() error { return nil }

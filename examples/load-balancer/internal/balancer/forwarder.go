package balancer

import (
	"context"
	"iter"

	"github.com/regent-ha/regent/dataplane"
)

// Forwarder forwards packets: an xdp.Forwarder, or a test's.
type Forwarder interface {
	dataplane.Forwarder
	// Run attaches to the network interfaces, and detaches when ctx ends.
	Run(ctx context.Context) error
	// Status is what it does, Flows the connections that it remembers.
	Status() (dataplane.Status, error)
	Flows() iter.Seq2[dataplane.Flow, error]
	// Close frees what it has in the kernel, after Run.
	Close() error
}

package stand

import (
	"log/slog"
	"time"

	"github.com/regent-ha/regent/dataplane/xdp"
)

// room is what a forwarder has to have room for, for each family. 0 = as it
// comes.
type room struct {
	services, endpoints, rows, exceptions, flows, embryonic int

	embryonicFor, prepare time.Duration
}

func newForwarder(r room) (forwarder, error) {
	return xdp.New(xdp.Config{
		Interfaces: xdp.Interfaces{Allow: balancerInterface},
		Capacity: xdp.Capacity{
			Services: r.services, Endpoints: r.endpoints, Rows: r.rows, Exceptions: r.exceptions, Flows: r.flows, Embryonic: r.embryonic,
		},
		Embryonic: r.embryonicFor, Prepare: r.prepare,
		Logger: slog.New(slog.DiscardHandler),
	})
}

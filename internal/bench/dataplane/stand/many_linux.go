package stand

import (
	"context"
	"net/netip"

	"github.com/regent-ha/regent/dataplane"
)

// endpointsOfMany is how many each of many services has.
const endpointsOfMany = 10

// What such a service takes of the room for endpoints and for rows.
const (
	endpointsTaken = 16
	rowsTaken      = 1024
)

func (b *bench) buildMany(ctx context.Context) error {
	f, err := newForwarder(room{services: 2 * b.setup.VIPs, endpoints: 2 * b.setup.VIPs * endpointsTaken, rows: 2 * b.setup.VIPs * rowsTaken})
	if err != nil {
		return err
	}
	cfg := dataplane.Config{Seed: 1, Services: append(
		manyServices(ipv4(), b.setup.VIPs, endpointsOfMany), manyServices(ipv6(), b.setup.VIPs, endpointsOfMany)...)}
	b.balancer, err = startBalancer(ctx, f, cfg)
	return err
}

// manyServices have VIPs in a row, of which no two have the same endpoints: no
// table is shared.
func manyServices(f family, vips, each int) (all []dataplane.Service) {
	for i := range vips {
		all = append(all, dataplane.Service{
			VIP: nth(f.many, i), Port: port, Protocol: dataplane.TCP, Endpoints: endpoints(f, i*each, each),
		})
	}
	return all
}

// endpoints are those of numbers from one on. There are as many as anybody
// wants, by their ports.
func endpoints(f family, from, n int) (all []dataplane.Endpoint) {
	for i := from; i < from+n; i++ {
		at := netip.AddrPortFrom(nth(f.endpoints, i%neighbours), endpointPort+uint16(i/neighbours))
		all = append(all, dataplane.Endpoint{Addr: at.Addr(), Port: at.Port(), Weight: 1})
	}
	return all
}

package stand

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/bench/dataplane/peer"
	"github.com/regent-ha/regent/internal/bench/dataplane/traffic"
)

// bench holds all programs that are measured. It is used on one thread.
type bench struct {
	setup    Setup
	device   int // that packets come in at
	gen      *traffic.Generator
	table    *peer.Table
	balancer *balancer
	skip     int       // flows of Miss that have been made
	kept     time.Time // when excepted flows were seen
}

func newBench(ctx context.Context, s Setup) (*bench, error) {
	b := &bench{setup: s}
	services := b.buildFew
	if s.VIPs > 1 {
		services = b.buildMany
	}
	for _, build := range []func(context.Context) error{b.buildTraffic, b.buildTable, services} {
		if err := build(ctx); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

func (b *bench) buildTraffic(context.Context) (err error) {
	idle, err := index(traffic.IdleName)
	if err != nil {
		return err
	}
	if b.gen, err = traffic.NewGenerator(idle, b.setup.CPU); err != nil {
		return err
	}
	sink, err := index(sinkInterface)
	if err != nil {
		return err
	}
	if b.device, err = index(balancerInterface); err != nil {
		return err
	}
	return b.gen.Drain(sink)
}

// buildTable has room for all flows, and for some more: a table whose entries
// were evicted would look slower than it is.
func (b *bench) buildTable(context.Context) (err error) {
	if b.table, err = peer.NewTable(3 * b.setup.Flows / 2); err != nil {
		return err
	}
	for _, f := range []family{ipv4(), ipv6()} {
		var to [peer.Backends]netip.AddrPort
		for i := range to {
			to[i] = netip.AddrPortFrom(nth(f.endpoints, i), endpointPort)
		}
		first := f.vips
		if b.setup.VIPs > 1 {
			first = f.many
		}
		if err := b.table.Add(first, b.setup.VIPs, port, to, balancerMAC(), routerMAC()); err != nil {
			return fmt.Errorf("table of connections: %w", err)
		}
	}
	return nil
}

// stream is the traffic of a case.
func (b *bench) stream(c outcome.Case) traffic.Stream {
	f := of(c.IPv6)
	s := traffic.Stream{
		Client: f.client, VIP: f.vip(c.State), Port: port, Flows: c.Flows, VIPs: c.VIPs, Flags: traffic.ACK, From: routerMAC(), To: balancerMAC(),
	}
	if c.VIPs > 1 {
		s.VIP = f.many
	}
	if c.Program == outcome.NFTables {
		s.VIP = f.vip(translated)
	}
	if c.State == outcome.Miss {
		s.Flags, s.Flows = traffic.SYN, endless
	}
	return s
}

// endless is the number of different flows that a generator can make.
const endless = 1 << 31

// program is what a case measures.
func (b *bench) program(c outcome.Case) (*ebpf.Program, error) {
	switch c.Program {
	case outcome.Generator:
		return b.gen.Back(), nil
	case outcome.Floor:
		return b.table.Floor(), nil
	case outcome.Table:
		return b.table.Program(c.IPv6), nil
	case outcome.NFTables:
		return b.gen.Pass(), nil
	case outcome.Regent:
		return b.balancer.forwarder.Program(), nil
	}
	return nil, fmt.Errorf("unknown program %q", c.Program)
}

// do does what was asked for.
func (b *bench) do(ctx context.Context, r request) (a answer, err error) {
	switch {
	case r.Case != nil:
		return b.measure(r)
	case r.Configure != nil:
		a.Configured, err = configure(ctx, *r.Configure)
	case r.Tracked > 0:
		a.Maps, err = tracked(r.Tracked)
	default:
		err = errors.New("a request for nothing")
	}
	return a, err
}

func (b *bench) measure(r request) (a answer, err error) {
	if err := b.keep(); err != nil {
		return a, err
	}
	p, err := b.program(*r.Case)
	if err != nil {
		return a, err
	}
	s := b.stream(*r.Case)
	if r.Case.State == outcome.Miss { // none that were there before
		s.Skip = b.skip
		b.skip += r.Warm + r.Packets
	}
	if err := b.gen.Aim(s, b.device, p); err != nil {
		return a, err
	}
	if r.Live {
		if _, err := b.gen.Live(r.Warm); err != nil {
			return a, err
		}
		passage, err := b.gen.Live(r.Packets)
		a.Passage = Passage(passage)
		return a, err
	}
	if _, _, err := b.gen.Run(r.Warm); err != nil {
		return a, err
	}
	ns, verdict, err := b.gen.Run(r.Packets)
	if err == nil && !sent(verdict) {
		err = fmt.Errorf("%+v: verdict %d, neither XDP_TX nor XDP_REDIRECT; drops so far: %v", *r.Case, verdict, b.drops())
	}
	a.NS = ns
	return a, err
}

// drops are the reasons for which packets were dropped.
func (b *bench) drops() map[string]uint64 {
	status, err := b.balancer.forwarder.Status()
	if err != nil {
		return nil
	}
	maps.DeleteFunc(status.Drops, func(_ string, n uint64) bool { return n == 0 })
	return status.Drops
}

// sent reports whether a verdict sends the frame.
func sent(verdict uint32) bool {
	const xdpTX, xdpRedirect = 3, 4
	return verdict == xdpTX || verdict == xdpRedirect
}

func (b *bench) close() error {
	var faults []error
	if b.balancer != nil {
		faults = append(faults, b.balancer.close())
	}
	if b.table != nil {
		faults = append(faults, b.table.Close())
	}
	if b.gen != nil {
		faults = append(faults, b.gen.Close())
	}
	return errors.Join(faults...)
}

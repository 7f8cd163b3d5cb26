package stand

import (
	"context"
	"fmt"
	"time"

	"github.com/cilium/ebpf"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/bench/dataplane/traffic"
)

// Services whose windows stay open.
const long = 24 * time.Hour

// buildFew brings a VIP's flows into each state.
func (b *bench) buildFew(ctx context.Context) error {
	f, err := newForwarder(room{
		services: 64, exceptions: 5 * b.setup.Flows / 2, flows: 5 * b.setup.Flows / 4, embryonic: 2 * b.setup.Flows,
		embryonicFor: time.Minute,
	})
	if err != nil {
		return err
	}
	if b.balancer, err = startBalancer(ctx, f, b.fewServices(0)); err != nil {
		return err
	}
	for _, v6 := range []bool{false, true} {
		if err := b.establish(v6); err != nil {
			return fmt.Errorf("one-arm connections: %w", err)
		}
	}
	// Every row changes: all endpoints are replaced.
	if err := f.Apply(ctx, b.fewServices(few)); err != nil {
		return err
	}
	for _, v6 := range []bool{false, true} {
		if err := b.visit(outcome.Changing, v6); err != nil {
			return err
		}
	}
	return b.except(ctx)
}

// except waits until the windows of a service have closed, whose flows are seen
// all the time.
func (b *bench) except(ctx context.Context) error {
	for {
		for _, v6 := range []bool{false, true} {
			if err := b.visit(outcome.Excepted, v6); err != nil {
				return err
			}
		}
		status, err := b.balancer.forwarder.Status()
		if err != nil {
			return err
		}
		open, excepted := 0, 0
		for _, s := range status.Services {
			if s.VIP == ipv4().vip(outcome.Excepted) || s.VIP == ipv6().vip(outcome.Excepted) {
				open += s.Changing
				excepted += s.Excepted
			}
		}
		if open == 0 {
			if excepted == 0 {
				return fmt.Errorf("the windows have closed, and no row is excepted")
			}
			return nil
		}
		select {
		case <-time.After(b.setup.Idle / 4):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// visit sends a packet on each flow.
func (b *bench) visit(state outcome.State, v6 bool) error { return b.send(state, v6, traffic.ACK) }

// send sends a segment on each flow. The few that are also measured alone come
// first, and so lie side by side in the kernel's memory, as they would alone.
func (b *bench) send(state outcome.State, v6 bool, flags traffic.Flags) error {
	for _, n := range []int{b.setup.Few, b.setup.Flows} {
		s := b.stream(outcome.Case{Program: outcome.Regent, State: state, IPv6: v6, Flows: n, VIPs: 1})
		s.Flags = flags
		if err := b.gen.Aim(s, b.device, b.balancer.forwarder.Program()); err != nil {
			return err
		}
		if _, _, err := b.gen.Run(n); err != nil {
			return err
		}
	}
	return nil
}

// establish begins a one-arm connection for each flow: SYN, answer, ACK.
func (b *bench) establish(v6 bool) error {
	if err := b.send(outcome.Hit, v6, traffic.SYN); err != nil {
		return err
	}
	vip := of(v6).vip(outcome.Hit)
	n := 0
	for flow, err := range b.balancer.forwarder.Flows() {
		if err != nil {
			return err
		}
		if flow.VIP.Addr() != vip {
			continue
		}
		n++
		if err := b.answer(b.balancer.forwarder.Program(), flow); err != nil {
			return err
		}
	}
	if n != b.setup.Flows {
		return fmt.Errorf("of %d connections %d are remembered; drops so far: %v", b.setup.Flows, n, b.drops())
	}
	return b.visit(outcome.Hit, v6)
}

func (b *bench) answer(p *ebpf.Program, flow dataplane.Flow) error {
	frame := traffic.Frame(flow.Endpoint, flow.SNAT, traffic.SYN|traffic.ACK, routerMAC(), balancerMAC())
	verdict, err := traffic.Hand(p, b.device, frame)
	if err == nil && verdict != xdpTX && verdict != xdpRedirect {
		err = fmt.Errorf("an answer from %v to %v: verdict %d", flow.Endpoint, flow.SNAT, verdict)
	}
	return err
}

// fewServices has the endpoints from one on, where they are to change.
func (b *bench) fewServices(from int) dataplane.Config {
	cfg := dataplane.Config{Seed: 1}
	for _, f := range []family{ipv4(), ipv6()} {
		for i := range snats {
			cfg.SNAT = append(cfg.SNAT, dataplane.SNAT{Addr: nth(f.snat, i), First: 1024, Last: 65535})
		}
		for _, s := range []struct {
			state outcome.State
			first int
			mode  dataplane.Mode
			idle  time.Duration
		}{
			// No endpoint has two services: replies could not tell which.
			{outcome.Stable, 0, dataplane.DNAT, long},
			{outcome.Changing, 10 + from, dataplane.DNAT, long},
			{outcome.Excepted, 20 + from, dataplane.DNAT, b.setup.Idle},
			{outcome.Hit, 30, dataplane.OneArm, long},
			{outcome.Miss, 40, dataplane.OneArm, long},
		} {
			cfg.Services = append(cfg.Services, dataplane.Service{
				VIP: f.vip(s.state), Port: port, Protocol: dataplane.TCP, Mode: s.mode, IdleTimeout: s.idle, Endpoints: endpoints(f, s.first, few),
			})
		}
	}
	return cfg
}

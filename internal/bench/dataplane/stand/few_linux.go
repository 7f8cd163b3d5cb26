package stand

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// keep sees to it that flows are remembered whose service forgets them soon.
func (b *bench) keep() error {
	if b.setup.VIPs > 1 || time.Since(b.kept) < b.setup.Idle/4 {
		return nil
	}
	b.kept = time.Now()
	return errors.Join(b.visit(outcome.Excepted, false), b.visit(outcome.Excepted, true))
}

// except waits until the windows of a service have closed, whose flows are seen
// all the time.
func (b *bench) except(ctx context.Context) error {
	for {
		if err := b.keep(); err != nil {
			return err
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

// establish begins a one-arm connection for each flow: SYN, answer, ACK. Like a
// client it sends a SYN again that was lost, a few times.
func (b *bench) establish(v6 bool) error {
	const (
		tries     = 3
		tolerated = 1000 // one in so many does not show in a figure
	)
	lost := 0
	for range tries {
		var err error
		if lost, err = b.connect(v6); err != nil {
			return err
		}
		if lost <= b.setup.Flows/tolerated {
			return b.visit(outcome.Hit, v6)
		}
	}
	return fmt.Errorf("of %d connections %d are not taken in; drops so far: %v", b.setup.Flows, lost, b.drops())
}

// connect sends a SYN on each flow, and answers it if it comes to an endpoint.
func (b *bench) connect(v6 bool) (lost int, err error) {
	program := b.balancer.forwarder.Program()
	for _, n := range []int{b.setup.Few, b.setup.Flows} { // see send
		s := b.stream(outcome.Case{Program: outcome.Regent, State: outcome.Hit, IPv6: v6, Flows: n, VIPs: 1})
		s.Flags = traffic.SYN
		if err := b.gen.Aim(s, b.device, program); err != nil {
			return 0, err
		}
		lost = 0
		for range n {
			frame, verdict, err := b.gen.One()
			if err != nil {
				return 0, err
			}
			if !sent(verdict) {
				lost++
				continue
			}
			snat, endpoint := traffic.Ends(frame)
			answer := traffic.Frame(endpoint, snat, traffic.SYN|traffic.ACK, routerMAC(), balancerMAC())
			if verdict, err = traffic.Hand(program, b.device, answer); err != nil {
				return 0, err
			}
			if !sent(verdict) {
				return 0, fmt.Errorf("an answer from %v to %v: verdict %d; drops so far: %v", endpoint, snat, verdict, b.drops())
			}
		}
	}
	return lost, nil
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

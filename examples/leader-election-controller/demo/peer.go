package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/narrator"
)

// peer measures client-go's elector beside ours: on the same API server, with
// the same timings, and nothing to drain.
type peer struct {
	fleet *fleet.Fleet
	out   *narrator.Narrator

	took []time.Duration // of each hand-over
}

// run hands over again and again until done is closed, and so many times at
// least.
func (p *peer) run(ctx context.Context, done <-chan struct{}, least int, flags []string) error {
	if err := p.fleet.StartAll(ctx, append([]string{clientGo}, flags...)...); err != nil {
		return fmt.Errorf("client-go's elector: %w", err)
	}
	for {
		// Standbys poll, each at its own pace: any moment is as good as another.
		if err := pass(ctx, time.Second+rand.N(2*time.Second)); err != nil {
			return err
		}
		took, err := p.handOver(ctx)
		if err != nil {
			return fmt.Errorf("client-go's elector: %w", err)
		}
		p.took = append(p.took, took)
		p.out.Say("(client-go's elector: SIGTERM to its leader, next leads %s later)", narrator.Milliseconds(took))
		select {
		case <-done:
			if len(p.took) >= least {
				return nil
			}
		default:
		}
	}
}

func (p *peer) handOver(ctx context.Context) (time.Duration, error) {
	leader, former, _, err := p.fleet.Leader()
	if err != nil {
		return 0, err
	}
	sent := journal.Now()
	if err := leader.Terminate(); err != nil {
		return 0, err
	}
	next, err := p.fleet.Successor(ctx, former)
	if err != nil {
		return 0, err
	}
	if err := p.fleet.Retire(leader); err != nil {
		return 0, err
	}
	return next.At - sent, p.fleet.Start(ctx)
}

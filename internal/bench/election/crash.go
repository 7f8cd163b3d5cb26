package election

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
)

// crashReplicas is how many compete for a lock whose leaders vanish.
const crashReplicas = 3

// crashes measures how late the next leader is when one vanishes.
func (b *Bench) crashes(ctx context.Context) error {
	if err := b.crash(ctx, candidate.Short(), b.Size.CrashRounds); err != nil {
		return err
	}
	if b.Size.LongCrashRounds == 0 {
		return nil
	}
	return b.crash(ctx, candidate.Default(), b.Size.LongCrashRounds)
}

// crash lets the leaders of several locks vanish at a time, of both kinds.
func (b *Bench) crash(ctx context.Context, timings candidate.Timings, rounds int) error {
	b.Say("crash: %d rounds of %d locks for each elector, at %s", rounds, b.Size.CrashLocks, timings)
	var mu sync.Mutex // guards the figures
	figures := make(map[candidate.Kind]*report.Crash)
	locks, ctx := errgroup.WithContext(ctx)
	for _, kind := range kinds() {
		f := &report.Crash{Kind: kind, Timings: timings.String()}
		figures[kind] = f
		for i := range b.Size.CrashLocks {
			locks.Go(func() error {
				one, err := b.vanish(ctx, kind, timings, slug("crash", timings.Lease, kind, i), rounds)
				mu.Lock()
				defer mu.Unlock()
				f.Late, f.Overlaps = append(f.Late, one.Late...), f.Overlaps+one.Overlaps
				return err
			})
		}
	}
	if err := locks.Wait(); err != nil {
		return err
	}
	for _, kind := range kinds() {
		b.results.Crash = append(b.results.Crash, *figures[kind])
	}
	return nil
}

// vanish lets the leaders of one lock vanish, one after another.
func (b *Bench) vanish(ctx context.Context, kind candidate.Kind, timings candidate.Timings, name string, rounds int) (c report.Crash, err error) {
	s, err := b.start(ctx, kind, candidate.Config{Timings: timings, Name: name}, crashReplicas)
	if err != nil {
		return c, err
	}
	defer func() { err = closeAfter(err, s) }()
	for range rounds {
		err := again(ctx, s, func() error {
			spare, err := b.client(kind)
			if err != nil {
				return err
			}
			late, err := s.Crash(ctx, spare)
			if err == nil {
				c.Late = append(c.Late, late)
			}
			if late < 0 && kind == candidate.Regent {
				return fmt.Errorf("REGENT BROKE A PROMISE: %s: the next leader's work began %v before the lease of the former had expired", s, -late)
			}
			return err
		})
		if err != nil {
			return c, err
		}
	}
	c.Overlaps = s.Overlaps()
	return c, oneAtATime(kind, s)
}

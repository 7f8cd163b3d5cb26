package sim

import (
	"context"
	"log/slog"
	"time"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// Elector is what the play knows of an election's implementation.
type Elector interface {
	// Run campaigns until ctx ends. token is 0 if there are none.
	Run(ctx context.Context, lead func(ctx context.Context, term Term)) error
	// StepDown gives the leadership up, if there is one.
	StepDown(ctx context.Context)
	// IsLeader is what it says of itself.
	IsLeader() bool
}

// Term is what an implementation says of one.
type Term struct {
	Token uint64 // 0: it has none
	Valid func() bool
}

// Maker makes one candidate's elector.
type Maker func(p Plan, identity string, seed uint64, rate float64, l lock.Lock) (Elector, error)

// Regent makes this library's.
func Regent(p Plan, identity string, seed uint64, rate float64, l lock.Lock) (Elector, error) {
	origin := time.Now()
	e, err := leaderelection.NewElector(leaderelection.Config{
		Lock: l, LeaseDuration: p.Lease, RenewDeadline: p.Renew, RetryPeriod: p.Retry, Identity: identity,
		Foreign: leaderelection.ForeignAllow, Logger: slog.New(slog.DiscardHandler), JitterSeed: seed,
		Now: func() time.Duration { return time.Duration(float64(time.Since(origin)) * rate) },
	})
	return regent{e}, err
}

type regent struct{ *leaderelection.Elector }

func (r regent) Run(ctx context.Context, lead func(context.Context, Term)) error {
	return r.Elector.Run(ctx, func(ctx context.Context) error {
		t, _ := leaderelection.TermFromContext(ctx)
		lead(ctx, Term{t.Token(), t.Valid})
		return nil
	})
}

func (r regent) StepDown(ctx context.Context) { _ = r.Elector.StepDown(ctx) } // ErrNotLeader is as good

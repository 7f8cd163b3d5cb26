package candidate

import (
	"context"
	"log/slog"
	"slices"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// regent is an Elector as leaderelection.New makes it, which writes Events.
type regent struct{ *leaderelection.Elector }

func newRegent(c *Client, cfg Config) (regent, error) {
	quiet := slog.New(slog.DiscardHandler)
	if cfg.NoEvents {
		lease, err := lock.NewLease(lock.LeaseConfig{Client: c.Set.CoordinationV1(), Namespace: cfg.Namespace, Name: cfg.Name})
		if err != nil {
			return regent{}, err
		}
		e, err := leaderelection.NewElector(leaderelection.Config{
			Lock: lease, LeaseDuration: cfg.Lease, RenewDeadline: cfg.Renew, RetryPeriod: cfg.Retry, Logger: quiet,
		})
		return regent{e}, err
	}
	e, err := leaderelection.New(cfg.Name, cfg.Namespace, &leaderelection.LockConfig{
		LeaseDuration: cfg.Lease, RenewDeadline: cfg.Renew, RetryPeriod: cfg.Retry,
	}, c.Set, quiet)
	return regent{e}, err
}

func (r regent) Run(ctx context.Context, lead func(context.Context)) error {
	return r.Elector.Run(ctx, func(ctx context.Context) error {
		lead(ctx)
		return nil
	})
}

func (r regent) Identity() string { return r.Status().Identity }

// StandsBy: it watches, and has entered itself in the list of candidates.
func (r regent) StandsBy(holder string) bool {
	s := r.Status()
	return s.Holder == holder && s.Watching && slices.ContainsFunc(s.Candidates, func(c leaderelection.Candidate) bool {
		return c.Identity == s.Identity
	})
}

package leaderelection

import (
	"context"
	"errors"
	"log/slog"
)

// Plain is the null Runner, for a process that has no rivals: Run calls lead
// at once. Its terms have no deadline, token 0, and are valid until lead has
// returned.
type Plain struct{}

// Run implements [Runner].
func (Plain) Run(ctx context.Context, lead func(ctx context.Context) error) error {
	if lead == nil {
		return errNilLead
	}
	if ctx.Err() != nil {
		return nil
	}
	over := make(chan struct{})
	defer close(over)
	term := NewTerm(TermConfig{Done: over})
	workCtx, cancel := context.WithCancelCause(WithTerm(context.WithoutCancel(ctx), term))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(ErrShutdown) })()
	err := lead(workCtx)
	if workCtx.Err() == nil {
		return err
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		slog.Warn("work ended with an error during shutdown", "error", err)
	}
	return nil
}

package controller

import (
	"context"

	"github.com/regent-ha/regent/leaderelection"
)

// nested is the Runner of a controller without one whose Run is called in a
// term: that of whoever called it. Plain would hide it behind a term without
// end, and make each loss of it a shutdown.
type nested struct{}

var _ leaderelection.Runner = nested{}

// Run implements [leaderelection.Runner]: ctx is the term's.
func (nested) Run(ctx context.Context, lead func(context.Context) error) error {
	if ctx.Err() != nil {
		return nil
	}
	return lead(ctx)
}

// runnerIn returns the Runner for a Run with ctx.
func (c *Controller) runnerIn(ctx context.Context) leaderelection.Runner {
	if _, plain := c.runner.(leaderelection.Plain); plain {
		if _, ok := leaderelection.TermFromContext(ctx); ok {
			return nested{}
		}
	}
	return c.runner
}

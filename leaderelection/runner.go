package leaderelection

import "context"

// Runner runs a function while this process leads.
//
// A Runner that nobody waits for, or a nil one, never means "everyone leads":
// who gets a Runner from a constructor checks its error.
type Runner interface {
	// Run campaigns until ctx ends. When leadership is won it calls lead, whose
	// context carries the Term (TermFromContext) and ends with it;
	// context.Cause says why.
	//
	//   - lead returns nil or an error: the lock is released, Run returns that.
	//   - The term is lost: lead is joined, its result is logged, and Run
	//     campaigns again, with a fresh context and a higher token.
	//   - ctx ends: lead's context is cancelled with ErrShutdown and joined,
	//     the lock is released, Run returns nil.
	//
	// Run returns only after lead has returned. Concurrent Runs on one Runner
	// share one term; the lock is released after the last has drained.
	Run(ctx context.Context, lead func(ctx context.Context) error) error
}

package leaderelection

import "context"

// Runner runs a function while this process leads.
//
// [Elector] is the one that competes, [Plain] the one that leads at once. Where
// nil is allowed in place of a Runner, only an untyped nil means "no rivals":
// the nil *Elector that a constructor returns beside an error never leads.
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

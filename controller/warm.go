package controller

import "context"

// Warm lists and watches until ctx ends, and keeps what it learns for Run: one
// that begins meanwhile lists nothing, and its return leaves the informers,
// those of relations among them, running. So a component whose Run is called
// once per term is warm before the first, and between them. Without Warm, each
// Run has informers of its own, from its call to the end of its context.
//
// Whichever of Warm and Run ends last ends the informers. Warm returns nil
// after ctx has ended, and then nothing of them runs, or a Run has them.
//
// It returns an error at once when a setting is invalid, as Run does, or
// another Warm goes on (ErrWarming).
func (c *Controller) Warm(ctx context.Context) error {
	if c == nil {
		return ErrNilController
	}
	if err := c.validate(); err != nil {
		return err
	}
	if !c.warming.CompareAndSwap(false, true) {
		return ErrWarming
	}
	defer c.warming.Store(false)
	if ctx.Err() != nil {
		return nil
	}
	_, leave := c.join(ctx)
	defer leave()
	<-ctx.Done()
	return nil
}

// join makes the caller, whose context is ctx, a holder of the informers.
func (c *Controller) join(ctx context.Context) (ins *informers, leave func()) {
	return c.standby.join(ctx, func(ctx context.Context) *informers {
		return startInformers(ctx, c.retriever, c.cfg.Relations, c.log())
	})
}

package main

import (
	"context"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/leaderelection"
)

// watched is a Runner around another that tells the journal when work starts
// and ends.
type watched struct {
	leaderelection.Runner

	journal *journal.Journal
}

// Run implements leaderelection.Runner.
func (w *watched) Run(ctx context.Context, lead func(context.Context) error) error {
	return w.Runner.Run(ctx, func(ctx context.Context) error {
		say := func(kind journal.Kind) { w.journal.Write(journal.Line{Kind: kind, Token: token(ctx)}) }
		say(journal.Leads)
		stop := context.AfterFunc(ctx, func() { say(journal.Cancelled) })
		defer stop()
		err := lead(ctx)
		say(journal.Drained)
		return err
	})
}

func token(ctx context.Context) uint64 {
	if term, ok := leaderelection.TermFromContext(ctx); ok {
		return term.Token()
	}
	return 0
}

// chronicle tells the journal what else happens in the election.
func chronicle(said *journal.Journal) leaderelection.Observer {
	return func(e leaderelection.Event) {
		switch {
		case e.Kind == leaderelection.EventHolder && e.Holder != e.Identity:
			said.Write(journal.Line{Kind: journal.Standby})
		case e.Kind == leaderelection.EventReleased:
			said.Write(journal.Line{Kind: journal.Released, Token: e.Token})
		}
	}
}

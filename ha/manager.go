package ha

import (
	"context"
	"errors"
	"fmt"

	"github.com/regent-ha/regent/leaderelection"
)

// NewManager makes a manager of controller-runtime a Component, for
// Config.Always: its caches and webhooks run in every replica, and its
// controllers while the Elector that is runner leads. Give the Group the same
// Runner; its components of Leader and the manager share each term.
//
// newManager makes a manager with the link's Lock and BaseContext: see
// leaderelection.ManagerLink. A manager starts once, so it is called again after
// each term that was lost or given up; names of controllers have to be allowed
// to repeat then (controller-runtime's SkipNameValidation). With Plain or nil as
// the Runner link is nil: leave the manager's own election off.
//
// The manager campaigns by itself, once its caches have synced: if the
// components of Leader are not ready by then, this replica may lead before they
// are, and they start when they are. As one of Always it also leads on during
// Config.ShutdownDelay.
func NewManager(name string, runner leaderelection.Runner, newManager func(link *leaderelection.ManagerLink) (leaderelection.Manager, error)) Component {
	return Component{Name: name, Run: func(ctx context.Context) error {
		if newManager == nil {
			return errors.New("newManager is nil; mend: pass a function that makes a manager")
		}
		switch r := runner.(type) {
		case nil, leaderelection.Plain:
			mgr, err := newManager(nil)
			if err != nil {
				return fmt.Errorf("make the manager: %w", err)
			}
			return mgr.Start(ctx)
		case *leaderelection.Elector:
			return follow(ctx, r, newManager)
		}
		return fmt.Errorf("a manager cannot follow a %T; mend: pass a *leaderelection.Elector, or leaderelection.Plain", runner)
	}}
}

// follow runs one manager after another until ctx ends.
func follow(ctx context.Context, e *leaderelection.Elector, newManager func(*leaderelection.ManagerLink) (leaderelection.Manager, error)) error {
	for {
		link := e.ManagerLink()
		mgr, err := newManager(link)
		if err != nil {
			return fmt.Errorf("make the manager: %w", err)
		}
		err = link.Run(ctx, mgr)
		if ctx.Err() != nil || !errors.Is(err, leaderelection.ErrLeadershipLost) {
			return err
		}
	}
}

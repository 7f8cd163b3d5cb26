package candidate

import (
	"context"
	"fmt"
)

// Elector is one candidate.
type Elector interface {
	// Run competes until ctx ends, and calls lead each time it leads.
	Run(ctx context.Context, lead func(context.Context)) error
	// Identity is what it writes to the lock.
	Identity() string
	// StandsBy reports whether it knows that holder leads, and has nothing left
	// to do but to wait.
	StandsBy(holder string) bool
}

// elector makes a candidate for a lock.
func (c *Client) elector(cfg Config, identity string) (Elector, error) {
	switch c.Kind {
	case Regent:
		return newRegent(c, cfg)
	case ClientGo:
		return newClientGo(c, cfg, identity)
	}
	return nil, fmt.Errorf("candidate: there is no elector of kind %q; mend: %q or %q", c.Kind, Regent, ClientGo)
}

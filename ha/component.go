package ha

import (
	"context"
	"net/http"
)

// Component is a part of a process.
type Component struct {
	// Name tells components apart: in logs, errors and on the pages. Required,
	// and another for each component of a Group.
	Name string

	// Warm keeps ready what Run will need, such as a cache: from the start of
	// the Group to its end, before, during and between the calls of Run. It
	// returns nil after ctx has ended, or earlier if nothing is left to be
	// kept. Optional.
	Warm func(ctx context.Context) error

	// Check says what is missing before the component can do its work; nil if
	// nothing is. A Group campaigns once all of Config.Leader can, and starts a
	// component of Config.Always once the one before can; its /readyz asks all.
	// It should not depend on who leads. It returns at once, as it is called for
	// each page that is asked for, and does not call the Group. The request is
	// nil.
	//
	// Optional: without it, a component is ready once Warm has returned nil, so
	// never if that goes on until the end; or at once if it has no Warm.
	Check func(*http.Request) error

	// Run does the work. It returns after ctx has ended; before that, it is an
	// error that ends the Group, even if it returns nil.
	//
	// Of a component in Config.Leader it is called in each term, and ctx carries
	// that term: leaderelection.TermFromContext. context.Cause(ctx) says why it
	// ended. Required.
	Run func(ctx context.Context) error
}

// Worker is a Component without a name, such as a *controller.Controller with
// a nil Runner.
type Worker interface {
	Warm(ctx context.Context) error
	Check(*http.Request) error
	Run(ctx context.Context) error
}

// NewComponent makes a Worker a Component.
func NewComponent(name string, w Worker) Component {
	return Component{Name: name, Warm: w.Warm, Check: w.Check, Run: w.Run}
}

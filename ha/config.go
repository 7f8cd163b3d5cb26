package ha

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// What the zero values of Config stand for.
const (
	DefaultName         = "ha"
	DefaultDrainTimeout = 20 * time.Second
)

// Config describes a [Group].
type Config struct {
	// Name is the program's, for logs and the status page. "" = "ha".
	Name string

	// Runner decides when this process leads. If it has a method
	// Status() leaderelection.Status, as an Elector has, the pages tell what
	// that says. It is not called if Leader is empty. nil =
	// leaderelection.Plain: it leads from the start.
	Runner leaderelection.Runner

	// Always are the components that run whether this process leads or not,
	// such as an API server. They start in this order, each once the one before
	// is ready, and stop in the opposite order, after those of Leader.
	Always []Component
	// Leader are the components that run while this process leads, such as
	// controllers. They start in this order and stop in the opposite order,
	// each after the one behind it has returned. After a loss all are told to
	// stop at once, as another may lead soon.
	Leader []Component

	// Listen is the address of /healthz, /readyz, /leaderz, /ha and /metrics,
	// such as ":8081" or "127.0.0.1:0". "" = none; see [Group.Pages].
	Listen string
	// Metrics serves /metrics, such as promhttp.Handler. nil = none.
	Metrics http.Handler
	// History is what the status page tells of earlier terms. Give its Observe
	// to the Elector. nil = only what this process did itself.
	History *History

	// ShutdownDelay is how long after the order to shut down the components of
	// Always work on undisturbed, while /readyz says that this replica is not
	// ready: whoever sends requests needs that time to hear of it. Those of
	// Leader stop at once, so that another replica leads meanwhile. A replica
	// that was never ready ends without. 0 = none. Not negative, at most 24 h.
	ShutdownDelay time.Duration
	// DrainTimeout is how long all components together may take to return: at a
	// shutdown those of Always and Leader, and then ShutdownDelay counts as well;
	// when the leadership is given up those of Leader. Each gets an equal share
	// of what is left when its turn comes.
	// One that needs longer is reported, with what its goroutines are doing, and
	// the next is told to stop beside it; nothing is abandoned, and the lock is
	// kept until those of Leader have returned. A pod's
	// terminationGracePeriodSeconds (30 s by default) has to hold ShutdownDelay,
	// this and a few seconds. 0 = 20 s. Not negative, at most 24 h.
	DrainTimeout time.Duration
	// OnOverrun is told of each such report, beside the log, on a goroutine of
	// its own. A program that would rather end than wait ends itself here.
	// Optional.
	OnOverrun func(Overrun)

	// Signals shut the Group down; a second one of them ends the process, as
	// signals do that nobody handles: so leave them to the Group, rather than to
	// a signal.NotifyContext around it. nil = SIGTERM and SIGINT, empty = none.
	Signals []os.Signal

	// Logger: nil = slog.Default().
	Logger *slog.Logger
}

// FieldError is a setting that is refused. New joins all that it finds.
type FieldError struct {
	// Field and Value say what was set.
	Field string
	Value any
	// Bound is what it violates, Mend what to set instead.
	Bound, Mend string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("ha: %s %v %s; mend: %s", e.Field, e.Value, e.Bound, e.Mend)
}

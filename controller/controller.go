package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// Controller handles the objects of one Retriever with one Handler. Make one
// with New, NewSequential or NewConcurrent.
type Controller struct {
	cfg       Config // as given
	handler   Handler
	retriever Retriever
	runner    leaderelection.Runner
	metrics   MetricsRecorder
	logger    *slog.Logger

	running, warming atomic.Bool // a Run, a Warm goes on
	standby          standby
}

// New returns a controller that handles while runner leads. A nil cfg is all
// defaults, nil metrics are none, a nil logger is slog.Default(). An untyped
// nil runner, like leaderelection.Plain, means that there are no rivals: the
// controller handles while Run goes on; if Run's context is that of a term that
// somebody else was granted, it is part of that term.
//
// New starts nothing. Run reports what is wrong with the arguments.
func New(cfg *Config, handler Handler, retriever Retriever, runner leaderelection.Runner, metrics MetricsRecorder, logger *slog.Logger) *Controller {
	c := &Controller{handler: handler, retriever: retriever, runner: runner, metrics: metrics, logger: logger}
	if cfg != nil {
		c.cfg = *cfg
		c.cfg.Relations = slices.Clone(cfg.Relations)
	}
	if runner == nil {
		c.runner = leaderelection.Plain{}
	}
	if metrics == nil {
		c.metrics = NoMetrics{}
	}
	return c
}

// NewSequential returns a controller without leader election that handles one
// object at a time. resync is Config.ResyncInterval.
func NewSequential(resync time.Duration, handler Handler, retriever Retriever, metrics MetricsRecorder, logger *slog.Logger) *Controller {
	return New(&Config{ConcurrentWorkers: 1, ResyncInterval: resync}, handler, retriever, nil, metrics, logger)
}

// NewConcurrent returns a controller without leader election that handles as
// many objects at a time as there are workers, at least two. resync is
// Config.ResyncInterval.
func NewConcurrent(workers int, resync time.Duration, handler Handler, retriever Retriever, metrics MetricsRecorder, logger *slog.Logger) (*Controller, error) {
	if workers < 2 {
		return nil, &FieldError{
			Field: "workers", Value: workers, Bound: "must be at least 2",
			Mend: "use NewSequential for one worker",
		}
	}
	cfg := &Config{ConcurrentWorkers: workers, ResyncInterval: resync}
	return New(cfg, handler, retriever, nil, metrics, logger), nil
}

// Run lists and watches, unless a Warm does so already, campaigns once it has
// synced, and handles objects while it leads, for as many terms as it wins. It
// returns nil after ctx has ended, the calls in flight have drained and the
// leadership was released.
//
// Without a Runner, in a context that carries a leaderelection.Term, it leads
// in that term: handlers get that Term, and context.Cause(ctx) decides whether
// they may finish. An end whose cause is neither ErrShutdown nor ErrSteppedDown
// cancels them at once. Run can be called once per term.
//
// It returns an error at once when a setting is invalid (all of them joined,
// each a *FieldError), the Runner is a nil *leaderelection.Elector
// (leaderelection.ErrNilElector) or another Run goes on (ErrRunning), and the
// Runner's error when that gives up.
func (c *Controller) Run(ctx context.Context) error {
	if c == nil {
		return ErrNilController
	}
	if err := c.validate(); err != nil {
		return err
	}
	if !c.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer c.running.Store(false)
	if ctx.Err() != nil {
		return nil
	}

	cfg, logger := c.cfg.withDefaults(), c.log()
	ins, leave := c.join(ctx)
	defer leave()
	if !ins.waitSynced(ctx) {
		return nil
	}
	err := c.runnerIn(ctx).Run(ctx, func(ctx context.Context) error {
		ins.refresh()
		return lead(ctx, cfg, c.handler, ins, c.metrics, logger)
	})
	if err != nil {
		return fmt.Errorf("controller: run %s: %w", cfg.Name, err)
	}
	return nil
}

func (c *Controller) log() *slog.Logger {
	logger := c.logger
	if logger == nil {
		logger = slog.Default()
	}
	return logger.With("controller", c.cfg.withDefaults().Name)
}

// Check reports whether this controller could handle objects if it led: an
// error says that neither Warm nor Run goes on, or why a first list, of the
// objects or of a relation, is still missing. It suits readiness pages, which should not depend on who leads, and
// as the condition to campaign on; an Elector's Check does not look at the
// controller. The request may be nil.
func (c *Controller) Check(*http.Request) error {
	if c == nil {
		return ErrNilController
	}
	ins := c.standby.informers()
	if ins == nil {
		return errors.New("controller: it does not run")
	}
	return ins.check()
}

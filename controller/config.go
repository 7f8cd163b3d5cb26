package controller

import (
	"errors"
	"fmt"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// What the zero values of Config stand for.
const (
	DefaultName                 = "controller"
	DefaultConcurrentWorkers    = 3
	DefaultResyncInterval       = 3 * time.Minute
	DefaultProcessingJobRetries = 15
	DefaultRetryBaseDelay       = 5 * time.Millisecond
	DefaultRetryMaxDelay        = time.Minute
	DefaultDrainTimeout         = 10 * time.Second
)

// Config has the settings of a [Controller]. Its zero value is usable.
type Config struct {
	// Name tells controllers apart in logs and metrics. "" = "controller".
	Name string

	// ConcurrentWorkers is how many objects are handled at a time. 0 = 3. Not
	// negative.
	ConcurrentWorkers int

	// ResyncInterval is how often all objects are handled anew, changed or
	// not, counted from the promotion. It asks the API server nothing.
	// 0 = 3 min. Not negative.
	ResyncInterval time.Duration

	// ProcessingJobRetries is how often a failed object is tried again, at
	// growing intervals, until it is given up: it then waits for its next
	// change or resync. A success or RequeueAfter begins a new count.
	// 0 = 15, which at the default delays is 2 min 22 s and so less than the
	// default resync. Negative = none.
	ProcessingJobRetries int

	// RetryBaseDelay is the time before the first retry; each further one
	// takes twice as long. 0 = 5 ms. Not negative.
	RetryBaseDelay time.Duration

	// RetryMaxDelay is the longest time before a retry. 0 = 1 min, or
	// RetryBaseDelay if that is longer. At least RetryBaseDelay.
	RetryMaxDelay time.Duration

	// DrainTimeout is how long handlers may go on undisturbed after a graceful
	// end of the term. Then their context is cancelled; the leadership is kept
	// until they return all the same. Stay well below the pod's
	// terminationGracePeriodSeconds (30 s by default), which has to hold this
	// time, that of a preStop hook, and what handlers need after their
	// cancellation. 0 = 10 s. Negative = none: they are cancelled at once.
	DrainTimeout time.Duration

	// Relations queue objects for changes of others that they depend on. The
	// default is none: objects are handled for changes of their own.
	Relations []Relation
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = DefaultName
	}
	if c.ConcurrentWorkers == 0 {
		c.ConcurrentWorkers = DefaultConcurrentWorkers
	}
	if c.ResyncInterval == 0 {
		c.ResyncInterval = DefaultResyncInterval
	}
	if c.ProcessingJobRetries == 0 {
		c.ProcessingJobRetries = DefaultProcessingJobRetries
	}
	if c.RetryBaseDelay == 0 {
		c.RetryBaseDelay = DefaultRetryBaseDelay
	}
	if c.RetryMaxDelay == 0 {
		c.RetryMaxDelay = max(DefaultRetryMaxDelay, c.RetryBaseDelay)
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = DefaultDrainTimeout
	}
	return c
}

// validate joins all that is wrong with what New was given.
func (c *Controller) validate() error {
	var errs []error
	refuse := func(field string, value any, bound, mend string) {
		errs = append(errs, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	switch h := c.handler.(type) {
	case nil:
		refuse("handler", nil, "is required", "pass a Handler, such as HandlerOf(func)")
	case HandlerFunc:
		if h == nil {
			refuse("handler", "HandlerFunc(nil)", "is required", "pass a function")
		}
	case HandlerFuncs:
		if h.OnHandle == nil && h.OnDelete == nil {
			refuse("handler", "HandlerFuncs{}", "has no function", "set OnHandle, OnDelete or both")
		}
	}
	if e, ok := c.runner.(*leaderelection.Elector); ok && e == nil {
		// It says so itself, but not before the first sync.
		errs = append(errs, fmt.Errorf("controller: runner: %w", leaderelection.ErrNilElector))
	}
	if c.retriever == nil {
		refuse("retriever", nil, "is required", `pass a Retriever, such as Retrieve(client.CoreV1().Pods(""))`)
	}
	if n := c.cfg.ConcurrentWorkers; n < 0 {
		refuse("ConcurrentWorkers", n, "must not be negative", "set at least 1, or 0 for the default of 3")
	}
	if d := c.cfg.ResyncInterval; d < 0 {
		refuse("ResyncInterval", d, "must not be negative", "set a positive interval, or 0 for the default of 3 min")
	}
	if d := c.cfg.RetryBaseDelay; d < 0 {
		refuse("RetryBaseDelay", d, "must not be negative", "set a positive delay, or 0 for the default of 5 ms")
	}
	if longest, base := c.cfg.RetryMaxDelay, c.cfg.withDefaults().RetryBaseDelay; longest != 0 && longest < base {
		refuse("RetryMaxDelay", longest, "must be at least RetryBaseDelay, which is "+base.String(), "raise it, or lower RetryBaseDelay")
	}
	errs = append(errs, refuseRelations(c.cfg.Relations)...)
	return errors.Join(errs...)
}

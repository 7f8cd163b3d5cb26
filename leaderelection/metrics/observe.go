package metrics

import (
	"errors"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

var _ leaderelection.Observer = (*Collector)(nil).Observe

// Observe is a leaderelection.Observer.
func (c *Collector) Observe(e leaderelection.Event) {
	switch e.Kind {
	case leaderelection.EventHolder:
		c.holder(e)
	case leaderelection.EventElected:
		c.started.WithLabelValues(e.Lock).Inc()
		c.elected(e)
	case leaderelection.EventEnded:
		c.ended.WithLabelValues(e.Lock, cause(e.Err)).Inc()
	case leaderelection.EventDrained:
		c.drain.WithLabelValues(e.Lock).Observe(e.Took.Seconds())
	case leaderelection.EventOverrun:
		c.overruns.WithLabelValues(e.Lock).Inc()
	case leaderelection.EventFenced:
		c.fences.WithLabelValues(e.Lock).Inc()
	case leaderelection.EventReleaseFailed:
		c.releaseFailures.WithLabelValues(e.Lock).Inc()
	case leaderelection.EventRequest:
		c.requests.WithLabelValues(e.Lock, e.Request).Observe(e.Took.Seconds())
		if failed(e.Err) {
			c.requestFailures.WithLabelValues(e.Lock, e.Request).Inc()
		}
	}
}

// holder notes since when nobody holds the lock.
func (c *Collector) holder(e leaderelection.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := candidate{e.Lock, e.Identity}
	if e.Holder == "" {
		c.free[who] = e.Time
	} else {
		delete(c.free, who)
	}
}

func (c *Collector) elected(e leaderelection.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := candidate{e.Lock, e.Identity}
	if since, known := c.free[who]; known {
		c.handover.WithLabelValues(e.Lock).Observe(e.Time.Sub(since).Seconds())
		delete(c.free, who)
	}
}

// failed: the request had no answer that the election can use.
func failed(err error) bool {
	return err != nil && !errors.Is(err, lock.ErrConflict) && !errors.Is(err, lock.ErrNotFound) && !errors.Is(err, errors.ErrUnsupported)
}

// namedCause is a label for why a term ended.
type namedCause struct {
	err  error
	name string
}

func causes() []namedCause {
	return []namedCause{
		{leaderelection.ErrDeadline, "deadline"},
		{leaderelection.ErrTaken, "taken"},
		{leaderelection.ErrDeleted, "deleted"},
		{leaderelection.ErrSteppedDown, "stepped_down"},
		{leaderelection.ErrShutdown, "shutdown"},
	}
}

func cause(err error) string {
	for _, c := range causes() {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	return "other"
}

package leaderelection

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// setDefaults fills in what zero values stand for.
func (c *Config) setDefaults() {
	if c.LeaseDuration == 0 && c.RenewDeadline == 0 && c.RetryPeriod == 0 {
		c.LeaseDuration, c.RenewDeadline, c.RetryPeriod = DefaultLeaseDuration, DefaultRenewDeadline, DefaultRetryPeriod
	}
	if c.Foreign == "" {
		c.Foreign = ForeignRefuse
	}
	if c.ForeignGrace == 0 {
		c.ForeignGrace = c.RenewDeadline
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = c.RenewDeadline
	}
}

// validate joins all faults of a configuration whose defaults are set.
func (c Config) validate() error {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	if c.Lock == nil {
		fault("Lock", "nil", "there is nothing to compete for", "pass a lock, such as lock.NewLease returns")
	}
	if timings := c.validateTimings(); timings != nil {
		faults = append(faults, timings)
	}
	if c.Foreign != ForeignRefuse && c.Foreign != ForeignAllow {
		fault("Foreign", c.Foreign, "no such policy", fmt.Sprintf("%q or %q", ForeignRefuse, ForeignAllow))
	}
	if c.ForeignGrace < 0 {
		fault("ForeignGrace", c.ForeignGrace, "is negative", "0 for RenewDeadline, or a longer time")
	}
	if c.DrainTimeout < 0 {
		fault("DrainTimeout", c.DrainTimeout, "is negative", "0 for RenewDeadline, or a longer time")
	}
	if strings.TrimSpace(c.Identity) != c.Identity {
		fault("Identity", fmt.Sprintf("%q", c.Identity), "begins or ends with white space", "leave it empty for a unique one")
	}
	for i, o := range c.Observers {
		if o == nil {
			fault(fmt.Sprintf("Observers[%d]", i), "nil", "cannot be called", "leave it out")
		}
	}
	if c.Events != nil {
		faults = append(faults, c.Events.validate())
	}
	return errors.Join(faults...)
}

// validateTimings checks the bounds that promise 1 rests on.
func (c Config) validateTimings() error {
	l, d, p := c.LeaseDuration, c.RenewDeadline, c.RetryPeriod
	var faults []error
	fault := func(field string, value time.Duration, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	const hint = "15s, 10s and 2s are safe; all three 0 stands for them"
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"LeaseDuration", l}, {"RenewDeadline", d}, {"RetryPeriod", p}} {
		switch {
		case f.value == 0:
			fault(f.name, f.value, "is not set, though others are", hint)
		case f.value < 0:
			fault(f.name, f.value, "is negative", hint)
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if l%time.Second != 0 {
		fault("LeaseDuration", l, "is stored in whole seconds, and would be cut", fmt.Sprintf("%v", (l+time.Second-1).Truncate(time.Second)))
	}
	if l < 2*time.Second {
		fault("LeaseDuration", l, "must be at least 2s", "2s or more")
	}
	if p < 500*time.Millisecond {
		fault("RetryPeriod", p, "must be at least 500ms", "500ms or more")
	}
	if bound := l*95/100 - 500*time.Millisecond; d > bound {
		fault("RenewDeadline", d, fmt.Sprintf("exceeds 0.95·LeaseDuration − 500ms = %v by %v: a clock that is 5%% slow would let two lead", bound, d-bound),
			fmt.Sprintf("at most %v, or a longer LeaseDuration", bound))
	}
	if l-d < time.Second {
		fault("RenewDeadline", d, fmt.Sprintf("leaves the work %v to return in before LeaseDuration %v ends; it needs 1s", l-d, l), fmt.Sprintf("at most %v", l-time.Second))
	}
	if first := c.first(); first < 500*time.Millisecond {
		fault("RetryPeriod", p, fmt.Sprintf("leaves %v from one renewal to the next: min(LeaseDuration/3, RenewDeadline − 2·RetryPeriod) must be at least 500ms, so that three attempts fit", first),
			fmt.Sprintf("at most %v, or a longer RenewDeadline", max((d-500*time.Millisecond)/2, 0)))
	}
	return errors.Join(faults...)
}

package leaderelection

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/regent-ha/regent/lock"
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
		c.DrainTimeout = 2 * c.RenewDeadline
	}
}

// validate joins all faults of a configuration whose defaults are set.
func (c Config) validate() error {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	if lease, ok := c.Lock.(*lock.Lease); c.Lock == nil || ok && lease == nil {
		fault("Lock", "nil", "there is nothing to compete for", "pass a lock, such as lock.NewLease returns, and check its error")
	}
	if timings := c.validateTimings(); timings != nil {
		faults = append(faults, timings)
	}
	if c.Foreign != ForeignRefuse && c.Foreign != ForeignAllow {
		fault("Foreign", c.Foreign, "no such policy", fmt.Sprintf("%q or %q", ForeignRefuse, ForeignAllow))
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"ForeignGrace", c.ForeignGrace}, {"DrainTimeout", c.DrainTimeout}} {
		switch {
		case f.value < 0:
			fault(f.name, f.value, "is negative", "0 for the default, or a longer time")
		case f.value > longest:
			fault(f.name, f.value, fmt.Sprintf("must be at most %v", longest), "0 for the default, or a shorter time")
		}
	}
	for _, f := range []struct{ name, value string }{{"Identity", c.Identity}, {"Pod", c.Pod}} {
		if bound := nameFault(f.value); bound != "" {
			fault(f.name, fmt.Sprintf("%.80q", f.value), bound, "leave it empty for one that fits")
		}
	}
	if c.StateDir != "" && c.StateFiles == nil {
		faults = append(faults, checkStateDir(c.StateDir))
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

// maxName is how long an identity may be, in bytes: a pod's name and a random
// part take 280 at most, and the lock's object lists many.
const maxName = 512

// nameFault says what keeps s from being a holder's name; "" = nothing does.
func nameFault(s string) string {
	switch {
	case strings.TrimSpace(s) != s:
		return "begins or ends with white space"
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "has characters that cannot be stored or printed"
	case len(s) > maxName:
		return fmt.Sprintf("has %d bytes, more than %d", len(s), maxName)
	}
	return ""
}

// shortest is the shortest lease in whole seconds that the bounds below allow.
const shortest = 3 * time.Second

// longest is the longest lease that can be stored, and so short that sums of
// a few do not overflow.
const longest = math.MaxInt32 * time.Second

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
	if l < shortest {
		fault("LeaseDuration", l, fmt.Sprintf("must be at least %v: less leaves no room for three attempts to renew it", shortest), "3s, with RenewDeadline 2s and RetryPeriod 500ms")
	}
	if l > longest {
		fault("LeaseDuration", l, fmt.Sprintf("must be at most %v", longest), hint)
	}
	if len(faults) > 0 {
		return errors.Join(faults...) // what depends on it would mislead
	}
	if p < 500*time.Millisecond {
		fault("RetryPeriod", p, "must be at least 500ms", "500ms or more")
	}
	if bound := c.fence() - 500*time.Millisecond; d > bound {
		fault("RenewDeadline", d, fmt.Sprintf("exceeds 0.95·LeaseDuration − 500ms = %v by %v: a clock that is 5%% slow would let two lead", bound, d-bound),
			fmt.Sprintf("at most %v, or a longer LeaseDuration", bound))
	}
	if bound := l - time.Second; d > bound && bound < c.fence()-500*time.Millisecond {
		fault("RenewDeadline", d, fmt.Sprintf("leaves the work %v to return in before LeaseDuration %v ends; it needs 1s", l-d, l), fmt.Sprintf("at most %v", l-time.Second))
	}
	if d < 1500*time.Millisecond {
		fault("RenewDeadline", d, "must be at least 1.5s, so that three attempts fit", "1.5s or more")
	} else if bound := (d - 500*time.Millisecond) / 2; p > bound {
		fault("RetryPeriod", p, fmt.Sprintf("exceeds (RenewDeadline − 500ms) / 2 = %v by %v: three attempts to renew have to fit, the first 500ms after the last renewal", bound, p-bound),
			fmt.Sprintf("at most %v, or a longer RenewDeadline", bound))
	}
	return errors.Join(faults...)
}

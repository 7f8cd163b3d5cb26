package probe

import (
	"fmt"
	"math"
	"time"
)

// What the zero values of Damping stand for.
const (
	DefaultHalfLife = 30 * time.Second
	DefaultSuppress = 3
	DefaultReuse    = 1.5
	DefaultMaxHold  = time.Minute
)

// Damping holds down a target that keeps coming and going, as RFC 2439 does
// with routes. Each time that a target's checks turn from good to bad its
// penalty grows by 1, and it halves every HalfLife. At Suppress or more the
// target is held: it stays down though its checks are good, until the penalty
// is less than Reuse. So it is held for
//
//	HalfLife × log2(penalty / Reuse)
//
// after it last went bad, longer the more often it does, and MaxHold at most.
// With the defaults, and one that goes bad every 5 s: from the fourth time on,
// 35 s at first and 60 s in the end.
//
// A target is not held where its group has no other that serves: a bad one is
// better than none.
type Damping struct {
	// Off: nothing is held.
	Off bool
	// HalfLife is how long it takes a penalty to halve. 0 = 30 s. From 100 ms to
	// 24 h.
	HalfLife time.Duration
	// Suppress is the penalty from which a target is held. 0 = 3. From 1 to 100.
	Suppress float64
	// Reuse is the penalty below which it is let go. 0 = 1.5. From 0.1 to
	// Suppress.
	Reuse float64
	// MaxHold is the longest hold. 0 = 1 min. At most 24 h, and so long that
	// Reuse × 2^(MaxHold / HalfLife), which is the highest penalty, is Suppress at
	// least.
	MaxHold time.Duration
}

func (d Damping) withDefaults() Damping {
	if d.HalfLife == 0 {
		d.HalfLife = DefaultHalfLife
	}
	if d.Suppress == 0 {
		d.Suppress = DefaultSuppress
	}
	if d.Reuse == 0 {
		d.Reuse = DefaultReuse
	}
	if d.MaxHold == 0 {
		d.MaxHold = DefaultMaxHold
	}
	return d
}

// ceiling is the highest penalty: the one that MaxHold is needed for.
func (d Damping) ceiling() float64 {
	return d.Reuse * math.Exp2(float64(d.MaxHold)/float64(d.HalfLife))
}

// hold is how long it takes a penalty to fall to Reuse.
func (d Damping) hold(penalty float64) time.Duration {
	if penalty <= d.Reuse {
		return 0
	}
	return time.Duration(float64(d.HalfLife) * math.Log2(penalty/d.Reuse))
}

func (d Damping) validate() (faults []error) {
	if d.Off {
		return nil
	}
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: "Damping." + field, Value: value, Bound: bound, Mend: mend})
	}
	if d.HalfLife < 100*time.Millisecond || d.HalfLife > 24*time.Hour {
		fault("HalfLife", d.HalfLife, "is not from 100ms to 24h", "0 for 30s, or a time between")
	}
	if !(d.Suppress >= 1 && d.Suppress <= 100) {
		fault("Suppress", d.Suppress, "is not from 1 to 100", "0 for 3, or a number of falls between")
	}
	if !(d.Reuse >= 0.1 && d.Reuse <= d.Suppress) {
		fault("Reuse", d.Reuse, fmt.Sprintf("is not from 0.1 to Suppress (%v)", d.Suppress), "half of Suppress")
	}
	switch {
	case d.MaxHold < 0 || d.MaxHold > 24*time.Hour:
		fault("MaxHold", d.MaxHold, "is not from 0 to 24h", "0 for 1m, or a time between")
	case len(faults) == 0 && d.ceiling() < d.Suppress:
		fault("MaxHold", d.MaxHold, fmt.Sprintf("caps the penalty at %.3g, below Suppress (%v): nothing would be held", d.ceiling(), d.Suppress),
			fmt.Sprintf("at least %v, or Off", d.hold(d.Suppress).Round(time.Second)))
	}
	return faults
}

// penalty is a target's.
type penalty struct {
	value float64
	at    time.Time
}

func (p penalty) now(now time.Time, d Damping) float64 {
	return p.value * math.Exp2(-float64(now.Sub(p.at))/float64(d.HalfLife))
}

func (p *penalty) grow(now time.Time, d Damping) {
	*p = penalty{min(p.now(now, d)+1, d.ceiling()), now}
}

package probe

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// What the zero values of Config stand for.
const (
	DefaultNoticeWithin = 3 * time.Second
	DefaultConcurrency  = 4096
)

// Config describes a [Prober].
type Config struct {
	// NoticeWithin bounds [Target.Notice] of each target: how long one that died
	// is taken to be well. 0 = 3 s. From 100 ms to 24 h.
	NoticeWithin time.Duration
	// Concurrency is how many checks run at once; each takes a socket. Further
	// ones wait, and are counted in [Status.Late]. None does as long as no more
	// targets than this have checks under way, which a dead one has for
	// Timeout out of each Interval. 0 = 4096. From 1 to 65536.
	Concurrency int
	// UnknownServes: a target of which there is no verdict yet is taken to be
	// well. Else it is taken to be dead, but does not make its group all down.
	UnknownServes bool
	// Damping holds down what flaps.
	Damping Damping

	// OnTarget is told of each verdict that changes, and OnGroup of each group
	// that has all targets down, or no longer has. Both are called on one
	// goroutine, in order, a group's change after the target's that made it. One
	// that is slow delays what it is told, but no check. Optional.
	OnTarget func(TargetChange)
	OnGroup  func(GroupChange)

	// Logger: nil = slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.NoticeWithin == 0 {
		c.NoticeWithin = DefaultNoticeWithin
	}
	if c.Concurrency == 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.OnTarget == nil {
		c.OnTarget = func(TargetChange) {}
	}
	if c.OnGroup == nil {
		c.OnGroup = func(GroupChange) {}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Damping = c.Damping.withDefaults()
	return c
}

// validate joins all that is wrong with c, which has its defaults.
func (c Config) validate() error {
	var faults []error
	if d := c.NoticeWithin; d < 100*time.Millisecond || d > 24*time.Hour {
		faults = append(faults, &FieldError{Field: "NoticeWithin", Value: d, Bound: "is not from 100ms to 24h", Mend: "0 for 3s, or a time between"})
	}
	if n := c.Concurrency; n < 1 || n > 65536 {
		faults = append(faults, &FieldError{Field: "Concurrency", Value: n, Bound: "is not from 1 to 65536", Mend: fmt.Sprintf("0 for %d, or as many sockets as there are to spare", DefaultConcurrency)})
	}
	return errors.Join(append(faults, c.Damping.validate()...)...)
}

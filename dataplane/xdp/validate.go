package xdp

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// FieldError is a setting that is refused. New joins all that it finds.
type FieldError struct {
	// Field and Value say what was set.
	Field string
	Value any
	// Bound is what it violates, Mend what to set instead.
	Bound, Mend string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("xdp: %s %v %s; mend: %s", e.Field, e.Value, e.Bound, e.Mend)
}

// Defaults of a Config.
const (
	defaultPrepare   = 1500 * time.Millisecond
	defaultEmbryonic = 10 * time.Second
	defaultClosing   = 10 * time.Second
)

func (c Config) withDefaults() Config {
	c.Prepare = cmp.Or(c.Prepare, defaultPrepare)
	c.Embryonic = cmp.Or(c.Embryonic, defaultEmbryonic)
	c.Closing = cmp.Or(c.Closing, defaultClosing)
	c.Capacity.Services = cmp.Or(c.Capacity.Services, 10_000)
	c.Capacity.Endpoints = cmp.Or(c.Capacity.Endpoints, 1<<18)
	c.Capacity.Rows = cmp.Or(c.Capacity.Rows, 1<<24)
	c.Capacity.Exceptions = cmp.Or(c.Capacity.Exceptions, 1<<18)
	c.Capacity.Flows = cmp.Or(c.Capacity.Flows, 1<<18)
	c.Capacity.Embryonic = cmp.Or(c.Capacity.Embryonic, 1<<16)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// validate is for a Config with defaults.
func (c Config) validate() error {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	within := func(field string, value, least, most time.Duration) {
		if value < least || value > most {
			fault(field, value, fmt.Sprintf("is not from %v to %v", least, most), "0 for the default, or a time between")
		}
	}
	within("Prepare", c.Prepare, time.Millisecond, time.Minute)
	within("Embryonic", c.Embryonic, max(c.Prepare, time.Millisecond), time.Minute)
	within("Closing", c.Closing, time.Millisecond, 2*time.Minute)
	for _, n := range []struct {
		name        string
		value, most int
	}{
		{"Services", c.Capacity.Services, 1 << 20},
		{"Endpoints", c.Capacity.Endpoints, 1 << 24},
		{"Rows", c.Capacity.Rows, 1 << 28},
		{"Exceptions", c.Capacity.Exceptions, 1 << 26},
		{"Flows", c.Capacity.Flows, 1 << 26},
		{"Embryonic", c.Capacity.Embryonic, 1 << 24},
	} {
		if n.value < 1 || n.value > n.most {
			fault("Capacity."+n.name, n.value, fmt.Sprintf("is not from 1 to %d", n.most), "0 for the default, or a number between")
		}
	}
	for _, e := range []struct{ name, expression string }{{"Allow", c.Interfaces.Allow}, {"Deny", c.Interfaces.Deny}} {
		if _, err := regexp.Compile(e.expression); err != nil {
			fault("Interfaces."+e.name, fmt.Sprintf("%q", e.expression), fmt.Sprintf("is no regular expression: %v", err), "such as eth.*")
		}
	}
	return errors.Join(faults...)
}

// selector compiles Allow and Deny, which are valid.
func (i Interfaces) selector() func(name string) bool {
	whole := func(e string) *regexp.Regexp { return regexp.MustCompile("^(?:" + e + ")$") }
	allow, deny := whole(cmp.Or(i.Allow, ".*")), (*regexp.Regexp)(nil)
	if i.Deny != "" {
		deny = whole(i.Deny)
	}
	return func(name string) bool {
		return name != "lo" && allow.MatchString(name) && (deny == nil || !deny.MatchString(name))
	}
}

package ha

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// longest is the longest time that a shutdown may be planned to take.
const longest = 24 * time.Hour

// validate joins all that is wrong with a Config.
func (c Config) validate() error {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: field, Value: value, Bound: bound, Mend: mend})
	}
	if e, ok := c.Runner.(*leaderelection.Elector); ok && e == nil {
		faults = append(faults, fmt.Errorf("ha: Runner: %w", leaderelection.ErrNilElector))
	}
	if len(c.Always)+len(c.Leader) == 0 {
		fault("Always and Leader", "[]", "are empty: there is nothing to run", "add a Component to one of them")
	}
	names := make(map[string]string)
	for _, list := range []struct {
		name       string
		components []Component
	}{{"Always", c.Always}, {"Leader", c.Leader}} {
		for i, p := range list.components {
			field := fmt.Sprintf("%s[%d]", list.name, i)
			if strings.TrimSpace(p.Name) == "" {
				fault(field+".Name", fmt.Sprintf("%q", p.Name), "is empty", "give each component a name, for logs and pages")
			} else if other, taken := names[p.Name]; taken {
				fault(field+".Name", fmt.Sprintf("%q", p.Name), "is the name of "+other, "give each component a name of its own")
			}
			names[p.Name] = field
			if p.Run == nil {
				fault(field+".Run", "nil", fmt.Sprintf("cannot be called (component %q)", p.Name), "set it")
			}
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"ShutdownDelay", c.ShutdownDelay}, {"DrainTimeout", c.DrainTimeout}} {
		switch {
		case d.value < 0:
			fault(d.name, d.value, "is negative", "0 for the default, or a longer time")
		case d.value > longest:
			fault(d.name, d.value, fmt.Sprintf("is more than %v", longest), "a shorter time; the lock is kept until the components have returned, whatever this says")
		}
	}
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			fault("Listen", fmt.Sprintf("%q", c.Listen), "is no address: "+err.Error(), `such as ":8081" or "127.0.0.1:8081", or "" for no pages`)
		}
	}
	for i, s := range c.Signals {
		if s == nil {
			fault(fmt.Sprintf("Signals[%d]", i), "nil", "is no signal", "leave it out")
		}
	}
	return errors.Join(faults...)
}

package report

import (
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/register"
)

// Tally is what was counted.
type Tally struct {
	// Increments have begun; Written are those that were, as their clients know,
	// and Unknown those that nobody knows of.
	Increments, Written, Unknown int
	// Refused were by the gate, Stopped those that came and had too low a token.
	Refused, Stopped int
	// Faults befell leaders, Asides standbys.
	Faults, Asides map[string]int
	// Takeovers are the times from a fault to the next term, by fault, where one
	// began before the next fault did.
	Takeovers map[string][]time.Duration
	// Changes is how often another replica came to lead than before.
	Changes int
}

// Count counts what processes have written down, in the order of its time, and
// what came to the registers.
func Count(entries []history.Entry, arrivals []register.Arrival) Tally {
	c := Tally{Faults: make(map[string]int), Asides: make(map[string]int), Takeovers: make(map[string][]time.Duration)}
	var fault, led history.Entry
	for _, e := range entries {
		switch e.Kind {
		case history.Begun:
			fault = e
			c.Faults[e.Cause]++
		case history.Aside:
			c.Asides[e.Cause]++
		case history.Calls:
			c.Increments++
		case history.Returns:
			switch {
			case e.Refused:
				c.Refused++
			case e.Outcome == nil:
				c.Unknown++
			default:
				c.Written++
			}
		case history.Leads:
			if e.Token < led.Token {
				continue // it was stopped between its election and its work
			}
			if led.Replica != "" && e.Replica != led.Replica {
				c.Changes++
			}
			if fault.Cause != "" {
				c.Takeovers[fault.Cause] = append(c.Takeovers[fault.Cause], e.At-fault.At)
			}
			led, fault = e, history.Entry{}
		}
	}
	for _, a := range arrivals {
		if !a.Fenced {
			c.Stopped++
		}
	}
	return c
}

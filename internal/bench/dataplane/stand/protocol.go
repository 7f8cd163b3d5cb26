package stand

import (
	"time"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
)

// Setup is what a stand is told first.
type Setup struct {
	// CPU is the processor that programs run on.
	CPU int
	// Few and Flows are the numbers of flows.
	Few, Flows int
	// VIPs is how many there are, whose rows are stable; 1: one for each state.
	VIPs int
	// Idle is the idle timeout of the service whose rows become excepted: within
	// it each of its flows has to be seen, and it passes before they are.
	Idle time.Duration
}

// request asks for one thing.
type request struct {
	// Case to measure, with so many packets, after Warm others.
	Case    *outcome.Case `json:",omitempty"`
	Packets int           `json:",omitempty"`
	Warm    int           `json:",omitempty"`
	// Live: with real frames.
	Live bool `json:",omitempty"`

	// Configure: measure the application of a configuration.
	Configure *Configure `json:",omitempty"`
	// Tracked asks for the memory of so many tracked connections of each kind.
	Tracked int `json:",omitempty"`
}

// Configure is a configuration that is applied to a balancer of its own.
type Configure struct {
	VIPs, Endpoints int
	// Changes is how often one service is changed afterwards.
	Changes int
}

// Configured is what that took.
type Configured struct {
	First   time.Duration
	Changes []time.Duration
	Maps    map[string]uint64
}

// Passage is what became of real frames.
type Passage struct {
	Sent, Received int
	Took           time.Duration
}

// answer is what came of a request.
type answer struct {
	// Fault is why nothing came of it.
	Fault string `json:",omitempty"`

	NS         float64           `json:",omitempty"`
	Passage    Passage           `json:",omitzero"`
	Configured *Configured       `json:",omitempty"`
	Maps       map[string]uint64 `json:",omitempty"`
}

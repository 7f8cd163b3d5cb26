package ha

import (
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// Mode is what a replica does.
type Mode string

const (
	// ModeLeader: the components of Config.Leader run, or drain.
	ModeLeader Mode = "leader"
	// ModeNonLeader: only those of Config.Always run.
	ModeNonLeader Mode = "non-leader"
)

// State is what a component does.
type State string

const (
	// StateWaiting: it has not been started.
	StateWaiting State = "waiting"
	// StateWarming: it is not ready.
	StateWarming State = "warming"
	// StateStandby: it is ready, and does not run.
	StateStandby State = "standby"
	// StateRunning: Run was called, and it is ready.
	StateRunning State = "running"
	// StateDraining: it was told to stop, and has not returned.
	StateDraining State = "draining"
	// StateOverrun: likewise, for longer than its share of the drain.
	StateOverrun State = "overrun"
	// StateStopped: it has returned, and will not be started again.
	StateStopped State = "stopped"
	// StateFailed: it returned an error, or too early.
	StateFailed State = "failed"
)

// States are all that there are.
func States() []State {
	return []State{
		StateWaiting, StateWarming, StateStandby, StateRunning, StateDraining, StateOverrun, StateStopped, StateFailed,
	}
}

// Status is what a Group knows of itself and of the election.
type Status struct {
	// Name is Config.Name, Replica the identity of this process.
	Name, Replica string
	// Now is the time of this status, Started that of Run.
	Now, Started time.Time
	// Mode is leader or non-leader.
	Mode Mode
	// Ready is what /readyz says: nil = ready.
	Ready error
	// ShuttingDown is why; nil = it is not.
	ShuttingDown error
	// Election is what the Runner's Status says; nil if it has none, as Plain.
	Election *leaderelection.Status
	// Components are those of Always, then those of Leader.
	Components []ComponentStatus
	// Transitions are what happened, the newest first.
	Transitions []Transition
}

// ComponentStatus is what a Group knows of one component.
type ComponentStatus struct {
	Name string
	// Leader: it is of Config.Leader.
	Leader bool
	State  State
	// Since is when State began.
	Since time.Time
	// Starts is how often Run was called, Overruns how often it took longer to
	// return than it may.
	Starts, Overruns int
	// Err is why it is not ready, or has failed.
	Err error
}

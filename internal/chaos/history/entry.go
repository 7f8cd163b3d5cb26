package history

import (
	"time"

	"github.com/regent-ha/regent/internal/chaos/register"
)

// Kind is what happened.
type Kind string

// What replicas say of their terms.
const (
	Leads     Kind = "leads"     // its work starts
	Cancelled Kind = "cancelled" // its work was told to end, for Cause
	Drained   Kind = "drained"   // its work has returned
	Fenced    Kind = "fenced"    // OnFence: its work still runs, and the lease is about to expire
	Requested Kind = "requested" // a write to the lock was answered, or failed with Error; it was sent at Sent
)

// What replicas say of an increment, in this order.
const (
	Calls   Kind = "calls"   // it begins: the register is read
	Enters  Kind = "enters"  // it was read as Read; the write enters the gate
	Returns Kind = "returns" // it has Outcome, or was Refused by the gate; else its outcome is unknown
)

// What the one that makes the faults says.
const (
	Started   Kind = "started"   // the replica was; how long its work lingers is in Cause
	Stopped   Kind = "stopped"   // SIGSTOP is about to be sent to the replica
	Continued Kind = "continued" // SIGCONT is
	Killed    Kind = "killed"    // the replica has gone, by SIGKILL
	Begun     Kind = "begun"     // the fault Cause begins to befall the replica, which leads
	Aside     Kind = "aside"     // beside that, the fault Cause befalls a standby
	Healed    Kind = "healed"    // all faults are over
	Stored    Kind = "stored"    // the lock holds what the replica sent at Sent
	Blind     Kind = "blind"     // from Sent until now, writes to the lock may have been missed
)

// Entry is one thing that happened.
type Entry struct {
	At      time.Duration `json:"at"` // by journal.Now
	Kind    Kind          `json:"kind"`
	Replica string        `json:"replica,omitempty"`
	Token   uint64        `json:"token,omitempty"`
	Cause   string        `json:"cause,omitempty"`

	Sent time.Duration `json:"sent,omitempty"`

	Op       string            `json:"op,omitempty"` // unique in a run
	Register string            `json:"register,omitempty"`
	Read     *register.State   `json:"read,omitempty"`
	Outcome  *register.Outcome `json:"outcome,omitempty"`
	Refused  bool              `json:"refused,omitempty"`
	Error    string            `json:"error,omitempty"`
}

// Package journal is what replicas tell the program that runs them: one
// line of JSON for each thing that happened, with the time by a clock that all
// processes of the machine share. Log lines are for people, and cannot be
// compared between processes to a fraction of a millisecond.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Kind is what happened.
type Kind string

const (
	// Standby: the replica campaigns and has seen who leads, if anyone.
	Standby Kind = "standby"
	// Leads: it was elected and its work starts.
	Leads Kind = "leads"
	// Cancelled: its work was told to end.
	Cancelled Kind = "cancelled"
	// Drained: its work has returned.
	Drained Kind = "drained"
	// Released: the lock was given up.
	Released Kind = "released"
	// Begins: it starts to handle a change.
	Begins Kind = "begins"
	// Handled: the change is marked as handled.
	Handled Kind = "handled"
	// Outdated: it is not: the pod had changed meanwhile.
	Outdated Kind = "outdated"
	// Refused: it is not: the replica leads no longer, and wrote nothing.
	Refused Kind = "refused"
	// Failed: it may be: the request failed.
	Failed Kind = "failed"
	// Stopped: the replica was stopped or killed. It cannot say that itself:
	// the demonstration, which did it, does.
	Stopped Kind = "stopped"
)

// Line is one thing that happened.
type Line struct {
	// At is when, by Now.
	At time.Duration `json:"at"`
	// Kind is what, Replica and Token say to whom, and in which term.
	Kind    Kind   `json:"kind"`
	Replica string `json:"replica"`
	Token   uint64 `json:"token,omitempty"`
	// Pod and Change say which change was handled.
	Pod    string `json:"pod,omitempty"`
	Change string `json:"change,omitempty"`
}

// Journal writes lines. A nil Journal drops them. Its methods may be called
// from several goroutines.
type Journal struct {
	replica string

	mu sync.Mutex // guards the field below
	w  io.Writer
}

// New returns the journal of one replica.
func New(replica string, w io.Writer) *Journal { return &Journal{replica: replica, w: w} }

// Write adds the time and the replica to a line and writes it.
func (j *Journal) Write(line Line) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	line.At, line.Replica = Now(), j.replica
	b, err := json.Marshal(line)
	if err != nil {
		panic(err) // strings and numbers only
	}
	_, _ = j.w.Write(append(b, '\n')) // a reader that has gone needs no journal
}

// Read calls each with every line of r, until r ends.
func Read(r io.Reader, each func(Line)) error {
	for d := json.NewDecoder(r); ; {
		var line Line
		switch err := d.Decode(&line); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // the writer was killed in the middle of a line
			return nil
		case err != nil:
			return fmt.Errorf("journal: %w", err)
		}
		each(line)
	}
}

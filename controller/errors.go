package controller

import (
	"errors"
	"fmt"
)

var (
	// ErrNilController: Run, Warm or Check of a nil *Controller, as
	// NewConcurrent returns beside an error.
	ErrNilController = errors.New("controller: a nil Controller; mend: check the error of NewConcurrent")
	// ErrRunning: the Controller has a Run already.
	ErrRunning = errors.New("controller: Run is already running; mend: run a Controller once, or make another")
	// ErrWarming: the Controller has a Warm already.
	ErrWarming = errors.New("controller: Warm is already running; mend: call it once, for as long as the process lives")
	// ErrDrainTimeout: context.Cause of a handler's context Is this, and what
	// ended the term, after Config.DrainTimeout.
	ErrDrainTimeout = errors.New("drain timeout passed")

	errTermEnded = errors.New("the term ended during the drain")
	errGoexit    = errors.New("handler ended its goroutine with runtime.Goexit")
)

// FieldError is a setting that is refused.
type FieldError struct {
	// Field and Value say what was set.
	Field string
	Value any
	// Bound is what it violates, Mend what to set instead.
	Bound, Mend string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("controller: %s = %v: %s; mend: %s", e.Field, e.Value, e.Bound, e.Mend)
}

// panicError is a handler's panic, as the failure it counts as.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("handler panicked: %v", e.value) }

// Unwrap returns the value if that is an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

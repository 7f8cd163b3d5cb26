package ha

import (
	"errors"
	"fmt"
)

var (
	// ErrRunning: another Run of the Group goes on.
	ErrRunning = errors.New("ha: this Group runs already; mend: make one Group for each Run that goes on at a time")
	// ErrNilGroup: Run of a nil *Group, as New returns beside an error.
	ErrNilGroup = errors.New("ha: Run of a nil Group; mend: check the error of New")
	// ErrReturnedEarly: a component's Run returned nil although nobody had told
	// it to. A *ComponentError says which.
	ErrReturnedEarly = errors.New(`returned before its context ended; mend: wait for "<-ctx.Done()", also if there is nothing left to do`)
	// ErrRunnerReturned: the Runner returned nil although nobody had told it to.
	ErrRunnerReturned = errors.New("ha: the Runner returned before its context ended; mend: it has to campaign until then")
)

// ComponentError is why a component ended the Group, or did not end well.
type ComponentError struct {
	// Component is its name.
	Component string
	// Err is what it returned, ErrReturnedEarly, or a *PanicError.
	Err error
}

func (e *ComponentError) Error() string {
	return fmt.Sprintf("ha: component %q: %v", e.Component, e.Err)
}

func (e *ComponentError) Unwrap() error { return e.Err }

// PanicError is a panic of a component. It ends the Group in the same order as
// an error, so that the other components drain and the lock is released.
type PanicError struct {
	// Value is what it panicked with, Stack where.
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack) }

// Unwrap returns the value, if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

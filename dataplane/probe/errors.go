package probe

import (
	"errors"
	"fmt"
)

var (
	// ErrHung: a check did not return within its timeout. Checks of this package
	// do, with an error of their own.
	ErrHung = errors.New("probe: the check has not returned within its timeout")
	// ErrRun: Run was called a second time, or Set after Run returned.
	ErrRun = errors.New("probe: a Prober runs once; mend: make another with New")
)

// FieldError is a setting that is refused. What validates joins all that it
// finds.
type FieldError struct {
	// Field and Value say what was set.
	Field string
	Value any
	// Bound is what it violates, Mend what to set instead.
	Bound, Mend string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("probe: %s %v %s; mend: %s", e.Field, e.Value, e.Bound, e.Mend)
}

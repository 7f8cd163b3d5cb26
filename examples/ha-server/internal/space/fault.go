package space

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a request.
type Fault struct {
	// Field and Value say what was sent.
	Field string `json:"field"`
	Value any    `json:"value,omitempty"`
	// Problem is what is wrong with it, Mend what to send instead.
	Problem string `json:"problem"`
	Mend    string `json:"mend"`
}

func (f Fault) Error() string {
	value := ""
	if f.Value != nil {
		value = fmt.Sprintf(" %.80q", fmt.Sprint(f.Value))
	}
	return fmt.Sprintf("%s%s %s; mend: %s", f.Field, value, f.Problem, f.Mend)
}

// Faults is all that is wrong with a request.
type Faults []Fault

func (f Faults) Error() string {
	all := make([]string, len(f))
	for i, fault := range f {
		all[i] = fault.Error()
	}
	return strings.Join(all, "\n")
}

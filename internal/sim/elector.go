package sim

import (
	"context"
	"net/http"
)

// Elector is what a play knows of an election's implementation.
type Elector interface {
	// Run campaigns until ctx ends.
	Run(ctx context.Context, lead func(ctx context.Context, term Term) error) error
	// StepDown gives the leadership up, if there is one; to names who should
	// have it.
	StepDown(ctx context.Context, to string)
	// IsLeader is what it says of itself.
	IsLeader() bool
	// Gate is its write gate; nil: it has none.
	Gate(next http.RoundTripper) http.RoundTripper
	// Contradictions says what it tells of itself and is not so.
	Contradictions(is Facts) []string
	// Flaw is which known flaw has broken a rule, in work or in general (nil).
	Flaw(rule Rule, w *work) string
}

// Term is what an implementation says of one.
type Term struct {
	Token uint64 // 0: it has none
	Valid func() bool
}

// Facts are what is so of a process.
type Facts struct {
	Working bool     // some work has not been cancelled
	Works   int      // that have not returned
	Leads   bool     // what IsLeader says
	Last    lastTerm // what observers were told
}

// Maker makes the Elector of a process.
type Maker func(*process) (Elector, error)

// Package outcome says what promotions of controllers have shown: as JSON, as a
// table for a document, and whether it is as it should be.
package outcome

import (
	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Results are what one run has measured.
type Results struct {
	Machine           report.Machine `json:"machine"`
	ControllerRuntime string         `json:"controller_runtime"`
	// Load is the load average of the last minute, before the run. 0: not known.
	Load float64 `json:"load_before"`
	// Quick: the run was a small one, whose figures say that the benchmark
	// works, and little more.
	Quick bool `json:"quick"`
	// Took is how long the run took, in seconds.
	Took float64 `json:"took_s"`

	// Objects is how many there were, Bytes what one takes on the wire,
	// Workers how many of them are handled at a time.
	Objects int `json:"objects"`
	Bytes   int `json:"object_bytes"`
	Workers int `json:"workers"`

	Rows []Row `json:"rows"`
}

// Kind is what was promoted.
type Kind string

// The kinds, in the order in which they are shown.
const (
	// Warm: a Controller that Warm keeps in sync, and whose Run is called in
	// the term of an Elector.
	Warm Kind = "Regent, warm"
	// Cold: the same without Warm.
	Cold Kind = "Regent, cold"
	// Runtime is a manager of controller-runtime, with its own election.
	Runtime Kind = "controller-runtime"
	// RuntimeWarm: the same with EnableWarmup.
	RuntimeWarm Kind = "controller-runtime, EnableWarmup"
	// Floor: a goroutine that waits beside a map of the objects.
	Floor Kind = "floor: a goroutine and a map"
)

// Row is what the promotions of one kind took.
type Row struct {
	Kind Kind `json:"kind"`
	// First is from the election to the first call of the handler, All to the
	// last object's first.
	First stats.Sample `json:"to_first_ms"`
	All   stats.Sample `json:"to_all_ms"`
	// Lists is how often all objects were asked for by promotions. Before is
	// how often before the first. Not counted for controller-runtime.
	Lists   int  `json:"lists"`
	Before  int  `json:"lists_before"`
	Counted bool `json:"lists_counted"`
}

// row returns the one of a kind.
func (r Results) row(kind Kind) (Row, bool) {
	for _, row := range r.Rows {
		if row.Kind == kind {
			return row, true
		}
	}
	return Row{}, false
}

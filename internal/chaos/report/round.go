package report

import (
	"time"

	"github.com/regent-ha/regent/internal/chaos/audit"
	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
)

// Round is what came of one fleet.
type Round struct {
	plan.Timings
	// Gate: writes went through it.
	Gate bool
	audit.Report
	Tally
	// Taken is what porcupine says of the registers that take whatever comes,
	// Guarded of those that compare tokens.
	Taken, Guarded history.Verdict
	// Missing is for how long nobody led after the faults were over, at most.
	Missing time.Duration
}

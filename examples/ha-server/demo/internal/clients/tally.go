package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/narrator"
)

// Tally is what became of requests.
type Tally struct {
	// InFlight were at a replica when it was killed, Refused came to it when it
	// was dead and the client did not know yet. Failed are all others that were
	// not answered as they should be.
	InFlight, Refused, Failed int

	answered map[string]int // by replica
	slowest  time.Duration
	errs     []error // the first few of those
}

func (t *Tally) answer(pod string, took time.Duration) {
	if t.answered == nil {
		t.answered = make(map[string]int)
	}
	t.answered[pod]++
	t.slowest = max(t.slowest, took)
}

func (t *Tally) fail(err error) {
	const most = 5
	t.Failed++
	if len(t.errs) < most {
		t.errs = append(t.errs, err)
	}
}

// Add is for the sum of all scenes.
func (t *Tally) Add(other Tally) {
	for pod, n := range other.answered {
		if t.answered == nil {
			t.answered = make(map[string]int)
		}
		t.answered[pod] += n
	}
	t.slowest = max(t.slowest, other.slowest)
	t.InFlight += other.InFlight
	t.Refused += other.Refused
	t.Failed += other.Failed
	t.errs = append(t.errs, other.errs...)
}

// Total is how many were answered as they should be.
func (t *Tally) Total() (n int) {
	for _, of := range t.answered {
		n += of
	}
	return n
}

// Err says which requests failed; nil: none.
func (t *Tally) Err() error {
	if t.Failed == 0 {
		return nil
	}
	return fmt.Errorf("%s failed on replicas that lived; the first: %w", narrator.Count(t.Failed, "request"), t.errs[0])
}

func (t *Tally) String() string {
	var by []string
	for _, pod := range slices.Sorted(maps.Keys(t.answered)) {
		by = append(by, fmt.Sprintf("%s %d", pod, t.answered[pod]))
	}
	return fmt.Sprintf("%d requests answered (%s; slowest %s); failed on replicas that live: %d",
		t.Total(), strings.Join(by, ", "), narrator.Milliseconds(t.slowest), t.Failed)
}

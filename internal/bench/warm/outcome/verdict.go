package outcome

import (
	"errors"
	"fmt"

	"github.com/regent-ha/regent/internal/bench/stats"
)

// Factor is how many times faster than a cold promotion a warm one has to be,
// in the medians of their first objects.
//
// A cold one waits for a list of all objects: at the least a round trip, and
// the encoding, sending and decoding of 1 000 pods at the quick size. A warm
// one waits for a goroutine to be scheduled. On an idle machine of two cores
// that is more than 100 times as fast, at any number of objects above 1 000.
// A busy machine slows both down; what it can add to the warm one alone is a
// time slice or two of the scheduler, some 10 ms. 5 leaves room for that, and
// is out of reach for a promotion that lists: it would be 1.
const Factor = 5

// Check reports what is not as it should be: a warm promotion that lists, or, if
// times are to be judged, one that is not much faster than a cold one.
func (r Results) Check(times bool) error {
	warm, warmed := r.row(Warm)
	cold, cooled := r.row(Cold)
	if !warmed || !cooled {
		return errors.New("outcome: the warm or the cold promotions were not measured")
	}
	var faults []error
	if warm.Before != 1 || warm.Lists != 0 {
		faults = append(faults, fmt.Errorf("outcome: the warm controller listed %d times before its first promotion and %d times in %d promotions; it has to list once, before",
			warm.Before, warm.Lists, len(warm.First)))
	}
	if x := stats.Ratio(cold.First.Median(), warm.First.Median()); times && x < Factor {
		faults = append(faults, fmt.Errorf("outcome: a warm promotion took %s to its first object, a cold one %s: %.1f times as long; it has to be at least %d times",
			micros(warm.First.Median()), micros(cold.First.Median()), x, Factor))
	}
	return errors.Join(faults...)
}

// Package stats has the few figures that a list of measured times comes down to.
package stats

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// Sample is measured times, in any order. In JSON it is a list of milliseconds.
type Sample []time.Duration

// Quantile is the smallest of the times that is no less than the given share of
// them (nearest rank): of fewer than 100 times, Quantile(0.99) is the greatest.
// 0 of none.
func (s Sample) Quantile(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	rank := int(math.Ceil(share * float64(len(s))))
	return s.sorted()[min(max(rank, 1), len(s))-1]
}

// Median is the middle time, or halfway between the middle two.
func (s Sample) Median() time.Duration {
	n := len(s)
	if n == 0 {
		return 0
	}
	sorted := s.sorted()
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Max is the greatest.
func (s Sample) Max() time.Duration { return s.Quantile(1) }

// Min is the least.
func (s Sample) Min() time.Duration { return s.Quantile(0) }

func (s Sample) sorted() Sample { return slices.Sorted(slices.Values(s)) }

// Ratio is how many times longer a is than b. 0 if b is 0.
func Ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// MarshalJSON implements json.Marshaler.
func (s Sample) MarshalJSON() ([]byte, error) {
	ms := make([]float64, len(s))
	for i, d := range s {
		ms[i] = float64(d) / float64(time.Millisecond) // all of it: what was printed can be printed again
	}
	return json.Marshal(ms)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Sample) UnmarshalJSON(data []byte) error {
	var ms []float64
	if err := json.Unmarshal(data, &ms); err != nil {
		return err
	}
	*s = make(Sample, len(ms))
	for i, m := range ms {
		(*s)[i] = time.Duration(math.Round(m * float64(time.Millisecond)))
	}
	return nil
}

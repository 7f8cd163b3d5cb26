package sim

import (
	"math/rand/v2"
	"time"
)

// dice answer the same question always alike, in whatever order questions come.
type dice uint64

// roll is the source for the n-th of what.
func (d dice) roll(what string, n int) draw {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(what) {
		h = (h ^ uint64(what[i])) * 1099511628211
	}
	return draw{rand.New(rand.NewPCG(uint64(d)^h, uint64(n)*0x9e3779b97f4a7c15))}
}

// upTo is a time above 0, most at the most.
func (d dice) upTo(what string, n int, most time.Duration) time.Duration {
	return 1 + time.Duration(d.roll(what, n).Int64N(int64(max(most, 1))))
}

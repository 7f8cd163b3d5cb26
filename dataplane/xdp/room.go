package xdp

import (
	"slices"
	"time"
)

// quarantine is how long what was freed is not used again: the program may still
// read it, for one packet.
const quarantine = time.Second

// room hands out ranges of numbers, such as the rows of a table.
type room struct {
	size  uint32
	next  uint32
	freed map[uint32][]freed // by their length
}

type freed struct {
	first uint32
	at    time.Time
}

func newRoom(first, size uint32) *room {
	return &room{size: size, next: first, freed: make(map[uint32][]freed)}
}

// take returns the first of n numbers.
func (r *room) take(n uint32, now time.Time) (first uint32, ok bool) {
	if old := r.freed[n]; len(old) > 0 && now.Sub(old[0].at) >= quarantine {
		first = old[0].first
		r.freed[n] = slices.Delete(old, 0, 1)
		return first, true
	}
	if r.size-r.next < n {
		return 0, false
	}
	first = r.next
	r.next += n
	return first, true
}

func (r *room) give(first, n uint32, now time.Time) {
	r.freed[n] = append(r.freed[n], freed{first, now})
}

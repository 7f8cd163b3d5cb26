package window

import (
	"maps"
	"slices"
	"time"
)

// history has the changes whose windows are open, the oldest first.
type history struct {
	epoch   time.Time // change.at counts from here
	changes []change
	removed uint32            // how many there were before changes[0]
	newest  map[uint32]uint32 // of each row, as a place in changes plus removed
	// prepared is how many are, and none is before changes[from].
	prepared, from int
}

// change is a window on a row.
type change struct {
	at           time.Duration
	row          uint32
	older, newer uint32 // distance to the row's next one; 0: there is none
	old, next    Index  // the row's endpoint before it, and once it is committed
	stage        stage
}

type stage uint8

const (
	prepared stage = iota
	committed
	closed // and waits for those before it
)

// open puts a change at the end. Time does not go back.
func (h *history) open(now time.Time, c change) {
	if len(h.changes) == 0 {
		h.epoch, h.newest = now, make(map[uint32]uint32)
	}
	place := len(h.changes)
	c.at = now.Sub(h.epoch)
	if place > 0 {
		c.at = max(c.at, h.changes[place-1].at)
	}
	if older, ok := h.newestOf(int(c.row)); ok {
		c.older = uint32(place - older)
		h.changes[older].newer = c.older
	}
	if c.stage == prepared {
		h.prepared++
	}
	h.changes = append(h.changes, c)
	h.newest[c.row] = uint32(place) + h.removed
}

// newestOf finds the row's newest change.
func (h *history) newestOf(row int) (place int, ok bool) {
	n, ok := h.newest[uint32(row)]
	return int(n - h.removed), ok
}

// commit commits a change that is prepared.
func (h *history) commit(place int) {
	h.changes[place].stage = committed
	h.prepared--
}

// close takes a change, the oldest or the newest of its row, from the row, and
// returns it.
func (h *history) close(place int) change {
	c := &h.changes[place]
	if c.stage == prepared {
		h.prepared--
	}
	c.stage = closed
	switch {
	case c.newer > 0:
		h.changes[place+int(c.newer)].older = 0
	case c.older > 0:
		older := place - int(c.older)
		h.changes[older].newer = 0
		h.newest[c.row] = uint32(older) + h.removed
	default:
		delete(h.newest, c.row)
	}
	return *c
}

// trim forgets what is closed and at the front.
func (h *history) trim() {
	n := slices.IndexFunc(h.changes, func(c change) bool { return c.stage != closed })
	switch {
	case n < 0:
		*h = history{}
	case n > 0:
		h.changes = h.changes[n:]
		h.removed += uint32(n)
		h.from = max(h.from-n, 0)
		if n > len(h.changes) { // else it would stay in memory with them
			h.changes = slices.Clone(h.changes)
		}
	}
}

// uses reports whether an open change is to or from an endpoint.
func (h *history) uses(i Index) bool {
	return slices.ContainsFunc(h.changes, func(c change) bool {
		return c.stage != closed && (c.old == i || c.stage == prepared && c.next == i)
	})
}

func (h *history) clone() history {
	c := *h
	c.changes, c.newest = slices.Clone(h.changes), maps.Clone(h.newest)
	return c
}

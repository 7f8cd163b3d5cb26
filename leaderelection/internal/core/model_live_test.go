package core_test

import (
	"fmt"
	"slices"
)

// mostMoves is how much may happen in one tick without faults.
const mostMoves = 60

// settles checks that, if nothing goes wrong from now on, there is a leader
// soon, and one to stay.
func (w *world) settles() error {
	calm := *w
	calm.trace = nil
	return calm.settle()
}

// settle lets time pass without faults: from the time on at which what is in
// the lock has run out, somebody leads.
func (w *world) settle() error {
	wanted := false
	for i, p := range w.procs[:w.candidates] {
		wanted = wanted || !p.down && (p.core.Campaigning() || w.campaignDue(i))
	}
	if !wanted {
		return nil
	}
	limit := w.now + lease + grace + 2*w.retry + 2
	for end := limit + 2*lease; w.now <= end; w.advance() {
		if err := w.calmTick(); err != nil {
			return err
		}
		if w.now >= limit && !w.led() {
			return fmt.Errorf("nobody leads at %s", clock(w.now))
		}
	}
	return nil
}

// calmTick does all that is due before the next tick, but for some.
func (w *world) calmTick(except ...kind) error {
	w.budget = [faults]int8{}
	var moves []move
next:
	for range mostMoves {
		moves = w.moves(moves[:0])
		for _, m := range moves {
			if m.kind == timesOut || m.kind == forgets || m.kind == advances || slices.Contains(except, m.kind) {
				continue
			}
			if err := w.do(m); err != nil {
				return err
			}
			continue next
		}
		return nil
	}
	return fmt.Errorf("more than %d things happen in one tick", mostMoves)
}

// led: somebody leads whose campaign goes on.
func (w *world) led() bool {
	for _, p := range w.procs[:w.candidates] {
		if p.live && w.now < p.sent+renew {
			return true
		}
	}
	return false
}

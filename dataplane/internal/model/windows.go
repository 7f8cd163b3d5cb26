package model

import "slices"

// windows is the half of a row that no packet changes: which endpoint it has,
// and which changes are open.
type windows struct {
	idle, prepareFor int

	now  Endpoint // of new connections
	open []change // committed or prepared, the oldest first

	prepared bool     // the newest change is, and not committed
	next     Endpoint // once it is
	prepare  int      // ticks until then
}

// change is a window.
type change struct {
	old  Endpoint
	left int // ticks until it closes
}

// Now is the endpoint of new connections.
func (w *windows) Now() Endpoint { return w.now }

// Before is the endpoint of connections that have no entry though they are not
// new: the one that the oldest open change took the row from.
func (w *windows) Before() Endpoint {
	if len(w.open) > 0 {
		return w.open[0].old
	}
	return w.now
}

// change gives the row another endpoint for new connections, once that is
// prepared; if the present one is down, at once. A change that comes while
// another is prepared takes its place: nobody has gone there yet. Where nobody
// can be, no window is needed.
func (w *windows) change(to Endpoint, isDown bool) {
	switch {
	case !w.prepared && to == w.now:
		return
	case !w.prepared && w.now == None:
		w.now = to
		return
	case !w.prepared:
		w.open = append(w.open, change{old: w.now, left: w.idle})
		w.prepared, w.prepare = true, w.prepareFor
	case to == w.now: // it stays after all
		w.open = w.open[:len(w.open)-1]
		w.prepared, w.next = false, None
		return
	}
	w.next = to
	if isDown {
		w.commit()
	}
}

func (w *windows) commit() {
	w.now, w.next, w.prepared, w.prepare = w.next, None, false, 0
	w.close()
}

func (w *windows) tick() {
	if w.prepared {
		if w.prepare--; w.prepare < 0 {
			w.commit()
		}
	}
	for i := range w.open {
		w.open[i].left--
	}
	w.close()
}

// close closes the windows that are due, the oldest first.
func (w *windows) close() {
	for len(w.open) > 0 && w.open[0].left < 0 && (len(w.open) > 1 || !w.prepared) {
		w.open = slices.Delete(w.open, 0, 1)
	}
}

// extend keeps all windows open for as long as if they opened now.
func (w *windows) extend() {
	for i := range w.open {
		w.open[i].left = w.idle
	}
}

func (w *windows) isOpen() bool { return len(w.open) > 0 }

func (w *windows) clone() windows {
	c := *w
	c.open = slices.Clone(w.open)
	return c
}

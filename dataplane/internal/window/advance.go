package window

import (
	"maps"
	"slices"
	"time"
)

// Advance commits what is prepared, for long enough or from an endpoint that is
// down (call it when one goes down), and closes windows that were open for long
// enough since they opened, and since crowded, when there was last no room for
// an entry (zero: never). A row without open windows is excepted, until Settle.
// Advance returns the rows whose word changed, in order.
func (t *Table) Advance(now, crowded time.Time, down func(Index) bool) []int {
	if crowded.After(t.crowded) {
		t.crowded = crowded
	}
	was := make(map[int]Word)
	t.commitAll(now, down, was)
	t.closeAll(now, was)
	t.history.trim()
	maps.DeleteFunc(was, func(row int, w Word) bool { return t.words[row] == w })
	return slices.Sorted(maps.Keys(was))
}

// commitAll commits what is due, and notes in was what the rows' words were.
func (t *Table) commitAll(now time.Time, down func(Index) bool, was map[int]Word) {
	h := &t.history
	from := len(h.changes)
	for place := h.from; place < len(h.changes) && h.prepared > 0; place++ {
		c := h.changes[place]
		if c.stage != prepared {
			continue
		}
		row := int(c.row)
		if now.Before(t.commits(c)) && !isGone(t.words[row].Now(), down) {
			from = min(from, place)
			continue
		}
		note(was, row, t.words[row])
		t.commit(row, place)
	}
	h.from = from
}

// closeAll closes what is due.
func (t *Table) closeAll(now time.Time, was map[int]Word) {
	for place, c := range t.history.changes {
		switch {
		case now.Before(t.closes(c)):
			return // as are those that came later
		case c.stage == committed:
			note(was, int(c.row), t.words[c.row])
			t.close(int(c.row), place)
		}
	}
}

func note(was map[int]Word, row int, w Word) {
	if _, noted := was[row]; !noted {
		was[row] = w
	}
}

// Next is when Advance has something to do; zero: never.
func (t *Table) Next() (next time.Time) {
	h := &t.history
	if h.prepared > 0 {
		i := slices.IndexFunc(h.changes[h.from:], func(c change) bool { return c.stage == prepared })
		next = t.commits(h.changes[h.from+i])
	}
	i := slices.IndexFunc(h.changes, func(c change) bool { return c.stage == committed })
	if i >= 0 && (next.IsZero() || t.closes(h.changes[i]).Before(next)) {
		next = t.closes(h.changes[i])
	}
	return next
}

// commits is when a prepared change is committed.
func (t *Table) commits(c change) time.Time {
	return t.history.epoch.Add(c.at + t.times.Prepare)
}

// closes is when a window closes.
func (t *Table) closes(c change) time.Time {
	opened := t.history.epoch.Add(c.at)
	if t.crowded.After(opened) {
		opened = t.crowded
	}
	return opened.Add(t.times.Idle + Margin)
}

// commit lets new connections go where the change says.
func (t *Table) commit(row, place int) (changed bool) {
	t.history.commit(place)
	return t.store(row, MakeWord(t.history.changes[place].next, t.words[row].Before(), Changing))
}

// close closes a window.
func (t *Table) close(row, place int) (changed bool) {
	c, now := t.history.close(place), t.words[row].Now()
	switch {
	case c.older > 0: // which says where connections from before are
		return false
	case c.newer > 0:
		return t.store(row, MakeWord(now, t.history.changes[place+int(c.newer)].old, Changing))
	}
	return t.store(row, MakeWord(now, now, Excepted))
}

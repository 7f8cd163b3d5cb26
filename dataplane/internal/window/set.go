package window

import "time"

// Set says which endpoint each row is to have. Rows that have another one change
// once that is prepared, or at once if theirs is down or they have none. A change
// that is prepared already keeps its time. There are as many rows as the table
// has. Set returns those whose word changed, in order.
//
// down is asked about OldTable as well: true commits at once what the old table
// decides.
func (t *Table) Set(now time.Time, target []Index, down func(Index) bool) []int {
	var rows []int
	for row, to := range target {
		if t.set(now, row, to, down) {
			rows = append(rows, row)
		}
	}
	t.history.trim()
	return rows
}

func (t *Table) set(now time.Time, row int, to Index, down func(Index) bool) (changed bool) {
	w := t.words[row]
	place, preparing := t.prepared(row)
	switch {
	case preparing && to == w.Now(): // it stays after all
		return t.close(row, place)
	case preparing: // nobody has gone yet where it was to change to
		t.history.changes[place].next = to
	case to == w.Now():
		return false
	case w.Now() == None: // nobody is there, and no window is needed
		if w.State() == Changing {
			return t.store(row, MakeWord(to, w.Before(), Changing))
		}
		return t.store(row, MakeWord(to, to, w.State()))
	default:
		place = len(t.history.changes)
		t.history.open(now, change{row: uint32(row), old: w.Now(), next: to})
		if w.State() != Changing {
			changed = t.store(row, MakeWord(w.Now(), w.Now(), Changing))
		}
	}
	if isGone(w.Now(), down) {
		return t.commit(row, place)
	}
	return changed
}

// prepared finds the row's change that is not committed.
func (t *Table) prepared(row int) (place int, ok bool) {
	if t.history.prepared == 0 || t.words[row].State() != Changing {
		return 0, false
	}
	place, ok = t.history.newestOf(row)
	return place, ok && t.history.changes[place].stage == prepared
}

// isGone reports whether a change from the endpoint need not be prepared.
func isGone(i Index, down func(Index) bool) bool { return i == None || down(i) }

package window

import (
	"slices"
	"time"
)

// Times are how long things take.
type Times struct {
	// Idle is how long a connection may be silent, and a window stays open.
	Idle time.Duration
	// Prepare is for how long a change is prepared.
	Prepare time.Duration
}

// Margin is how much longer than Idle a window stays open, for the clocks of
// those who stamp packets are coarse, and stamps take a while to be read.
const Margin = time.Second

// Table is a table and its open windows. A row costs four bytes, and some fifty
// for each window that is open on it.
type Table struct {
	times   Times
	words   []Word
	states  [3]int // how many rows are in each state
	history history
	crowded time.Time // the last time that there was no room for an entry
}

// New returns a table whose rows are stable.
func New(rows []Index, times Times) *Table {
	t := &Table{times: times, words: make([]Word, len(rows))}
	for row, i := range rows {
		t.words[row] = MakeWord(i, i, Stable)
	}
	t.states[Stable] = len(rows)
	return t
}

// NewResized returns a table that takes over from one of another size: all its
// rows change from that, which is prepared from now on. The old table is needed
// until no row uses OldTable. Its own changes may go on meanwhile, or not: who is
// where its windows say has an entry, or was silent for too long, by the time that
// they close.
func NewResized(rows []Index, times Times, now time.Time) *Table {
	t := New(rows, times)
	for row, i := range rows {
		t.history.open(now, change{row: uint32(row), old: OldTable, next: i})
		t.store(row, MakeWord(OldTable, OldTable, Changing))
	}
	return t
}

// Rows is how many rows there are.
func (t *Table) Rows() int { return len(t.words) }

// Word is that of one row.
func (t *Table) Word(row int) Word { return t.words[row] }

// Words are those of all rows, to be read only, until the next change.
func (t *Table) Words() []Word { return t.words }

// Pending reports whether a change is prepared and not committed.
func (t *Table) Pending() bool { return t.history.prepared > 0 }

// Counts says how many rows are in each state.
func (t *Table) Counts() (stable, changing, excepted int) {
	return t.states[Stable], t.states[Changing], t.states[Excepted]
}

// Uses reports whether connections go to an endpoint, or will, or might without
// having an entry: its index cannot be another's meanwhile.
func (t *Table) Uses(i Index) bool {
	for _, w := range t.words {
		if w.Now() == i || w.Before() == i {
			return true
		}
	}
	return t.history.uses(i)
}

// Excepted are the rows without open windows on which an entry may differ from
// the row.
func (t *Table) Excepted() []int {
	if t.states[Excepted] == 0 {
		return nil
	}
	rows := make([]int, 0, t.states[Excepted])
	for row, w := range t.words {
		if w.State() == Excepted {
			rows = append(rows, row)
		}
	}
	return rows
}

// Settle says that no entry on the row differs from it any more. It reports
// whether that makes it stable.
func (t *Table) Settle(row int) (changed bool) {
	w := t.words[row]
	if w.State() != Excepted {
		return false
	}
	return t.store(row, MakeWord(w.Now(), w.Now(), Stable))
}

// Clone returns a copy.
func (t *Table) Clone() *Table {
	c := *t
	c.words = slices.Clone(t.words)
	c.history = t.history.clone()
	return &c
}

// store reports whether the row's word changed.
func (t *Table) store(row int, w Word) (changed bool) {
	old := t.words[row]
	t.states[old.State()]--
	t.states[w.State()]++
	t.words[row] = w
	return old != w
}

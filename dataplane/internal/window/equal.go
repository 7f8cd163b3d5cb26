package window

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
)

// Equal reports whether the tables are the same now, and will be if the same
// happens to them. Tables of the same rows and windows may be held to differ if
// they came to be so in different ways.
func (t *Table) Equal(o *Table) bool {
	return t.times == o.times && t.crowded.Equal(o.crowded) && slices.Equal(t.words, o.words) &&
		slices.EqualFunc(t.history.live(), o.history.live(), func(a, b change) bool {
			return a.row == b.row && a.old == b.old && a.next == b.next && a.stage == b.stage &&
				t.history.epoch.Add(a.at).Equal(o.history.epoch.Add(b.at))
		})
}

// Sum is a number that equal tables have in common. Others seldom do.
func (t *Table) Sum() uint64 {
	sum, word := fnv.New64a(), [4]byte{}
	for _, w := range t.words {
		binary.LittleEndian.PutUint32(word[:], uint32(w))
		_, _ = sum.Write(word[:])
	}
	return sum.Sum64()
}

func (h *history) live() []change {
	return slices.DeleteFunc(slices.Clone(h.changes), func(c change) bool { return c.stage == closed })
}

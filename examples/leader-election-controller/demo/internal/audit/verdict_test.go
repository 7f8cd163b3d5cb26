package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// handles adds to h that a leader handled a change: its replica's reports at
// begin and end, and what the watch saw, at seen.
func (h *history) handles(number string, token, version uint64, begin, end, seen time.Duration) {
	c := change{"pod", number}
	h.lines = append(h.lines,
		journal.Line{Kind: journal.Begins, At: begin, Token: token, Pod: c.pod, Change: number},
		journal.Line{Kind: journal.Handled, At: end, Token: token, Pod: c.pod, Change: number})
	h.applied = append(h.applied, applied{c, token, version, seen})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		build func(*history)
		want  verdict
	}{
		"nothing happened": {func(*history) {}, verdict{}},
		"two terms, one after the other": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.handles("2", 9, 101, 20, 30, 31)
		}, verdict{}},
		"two handlers of one leader at once": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.handles("2", 7, 101, 15, 25, 26)
		}, verdict{}},
		"two leaders at once": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.handles("2", 9, 101, 18, 30, 31)
		}, verdict{overlaps: []string{"change 1 of pod with token 7 and change 2 of pod with token 9: both at once for 2ns"}}},
		"a long one overlaps a later one behind a short one": {func(h *history) {
			h.handles("1", 7, 103, 10, 50, 51)
			h.handles("2", 7, 101, 11, 12, 13)
			h.handles("3", 9, 104, 40, 60, 61)
		}, verdict{overlaps: []string{"change 1 of pod with token 7 and change 3 of pod with token 9: both at once for 10ns"}}},
		"stopped after its write: the watch knows when it had effect": {func(h *history) {
			h.handles("1", 7, 100, 10, 900, 15)
			h.handles("2", 9, 101, 500, 510, 511)
		}, verdict{}},
		"handled twice": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.handles("1", 9, 101, 30, 40, 41)
		}, verdict{twice: []string{"change 1 of pod was handled 2 times"}}},
		"handled twice by one leader, with one effect": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.lines = append(h.lines, h.lines...)
		}, verdict{twice: []string{"change 1 of pod was handled 2 times"}}},
		"lost": {func(h *history) {
			h.written = append(h.written, change{"pod", "2"})
		}, verdict{lost: []string{"change 2 of pod was never handled"}}},
		"refused: no effect, and handled by the next": {func(h *history) {
			h.lines = append(h.lines,
				journal.Line{Kind: journal.Begins, At: 10, Token: 7, Pod: "pod", Change: "1"},
				journal.Line{Kind: journal.Refused, At: 99, Token: 7, Pod: "pod", Change: "1"})
			h.handles("1", 9, 100, 50, 60, 61)
			h.written = append(h.written, change{"pod", "1"})
		}, verdict{}},
		"killed between its write and its report": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.lines = h.lines[:1]
		}, verdict{}},
		"a leader writes after the next one did": {func(h *history) {
			h.handles("1", 9, 100, 30, 40, 41)
			h.handles("2", 7, 101, 50, 60, 61)
		}, verdict{fallen: []string{"change 2 of pod was written with token 7 after change 1 of pod with token 9"}}},
		"a report without effect": {func(h *history) {
			h.handles("1", 7, 100, 10, 20, 21)
			h.applied = nil
		}, verdict{unproven: []string{"a replica says that it handled change 1 of pod with token 7, and the API server never showed it"}}},
		"an effect that nobody began": {func(h *history) {
			h.applied = append(h.applied, applied{change{"pod", "1"}, 7, 100, 20})
		}, verdict{unproven: []string{"change 1 of pod was handled with token 7, and no replica says that it began to"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h history
			test.build(&h)
			require.Equal(t, test.want, h.judge())
		})
	}
}

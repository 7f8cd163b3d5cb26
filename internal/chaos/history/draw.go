package history

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// around is how many values on each side of the first contradiction are drawn.
const around = 12

// Draw writes a page that shows, for one register, the part of an illegal
// history where the first contradiction is: in it no order explains what the
// clients saw.
func (b Book) Draw(entries []Entry, register, file string, within time.Duration) error {
	ops := b.Operations(entries)[register]
	if len(ops) == 0 {
		return fmt.Errorf("history: register %s has no operations", register)
	}
	first := 0
	if at, ok := contradiction(ops); ok {
		first = max(0, at-around)
		ops = slices.DeleteFunc(ops, func(op Operation) bool { return op.Read < first || op.Read > at+around })
	}
	last := slices.MaxFunc(ops, func(a, b Operation) int { return cmp.Compare(max(a.Call, a.Return), max(b.Call, b.Return)) })
	history := porcupines(ops)
	for i, op := range ops {
		if op.Unknown { // so that the page has an end
			history[i].Return = int64(max(last.Call, last.Return) + time.Millisecond)
		}
	}
	m := model(first)
	_, info := porcupine.CheckOperationsVerbose(m, history, within)
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if err := porcupine.Visualize(m, info, out); err != nil {
		_ = out.Close() // the page is not whole anyway
		return fmt.Errorf("history: %s: %w", file, err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// contradiction is a value that was handed out twice, the one of the earliest
// call; if there is none, the lowest that was not handed out although a higher
// one was.
func contradiction(ops []Operation) (value int, ok bool) {
	handed := make(map[int]bool)
	highest := 0
	for _, op := range ops {
		if handed[op.Read] && !op.Unknown {
			return op.Read, true
		}
		handed[op.Read] = true
		highest = max(highest, op.Read)
	}
	for value := range highest {
		if !handed[value] {
			return value, true
		}
	}
	return 0, false
}

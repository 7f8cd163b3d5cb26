package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// Change is one change of one pod.
type Change struct{ Pod, Number string }

func (c Change) String() string { return "change " + c.Number + " of " + c.Pod }

// Applied is a change that the API server shows as handled.
type Applied struct {
	Change
	Token   uint64        // of the leader that marked it
	Version uint64        // of the pod then: etcd's revision, one order for all pods
	At      time.Duration // when that was seen here, by journal.Now
}

// History is what happened.
type History struct {
	Written []Change       // what the API server acknowledged to the writer
	Applied []Applied      // what the watch saw
	Lines   []journal.Line // what the replicas say, and when they were stopped
}

// Verdict is what is wrong with a history.
type Verdict struct {
	Overlaps []string // two leaders handled something at once
	Twice    []string // handled more than once
	Lost     []string // never handled
	Fallen   []string // written with a lower token than an earlier write
	Unproven []string // the sources contradict each other
}

// Faults are all that are wrong.
func (v Verdict) Faults() []string {
	return slices.Concat(v.Overlaps, v.Twice, v.Lost, v.Fallen, v.Unproven)
}

// Judge finds everything that is wrong.
func (h History) Judge() Verdict {
	efforts, unproven := h.efforts()
	return Verdict{
		Overlaps: overlaps(efforts),
		Twice:    h.twice(),
		Lost:     h.lost(),
		Fallen:   h.fallen(),
		Unproven: append(unproven, h.unproven(efforts)...),
	}
}

func (h History) lost() (faults []string) {
	for _, c := range Missing(h.Written, h.Applied) {
		faults = append(faults, fmt.Sprintf("%s was never handled", c))
	}
	return faults
}

// Missing are those changes that have not been handled.
func Missing(written []Change, all []Applied) []Change {
	handled := make(map[Change]bool)
	for _, a := range all {
		handled[a.Change] = true
	}
	return slices.DeleteFunc(slices.Clone(written), func(c Change) bool { return handled[c] })
}

func (h History) twice() (faults []string) {
	marks, reports := make(map[Change]int), make(map[Change]int)
	for _, line := range h.Lines {
		if line.Kind == journal.Handled {
			reports[Change{line.Pod, line.Change}]++
		}
	}
	var changes []Change // in their order
	for _, a := range h.Applied {
		if marks[a.Change]++; marks[a.Change] == 1 {
			changes = append(changes, a.Change)
		}
	}
	for _, c := range changes {
		if n := max(marks[c], reports[c]); n > 1 {
			faults = append(faults, fmt.Sprintf("%s was handled %d times", c, n))
		}
	}
	return faults
}

// fallen finds writes of a leader that came after those of a later one.
func (h History) fallen() (faults []string) {
	all := slices.SortedFunc(slices.Values(h.Applied), func(a, b Applied) int { return cmp.Compare(a.Version, b.Version) })
	var highest Applied
	for _, a := range all {
		if a.Token < highest.Token {
			faults = append(faults, fmt.Sprintf("%s was written with token %d after %s with token %d", a.Change, a.Token, highest.Change, highest.Token))
			continue
		}
		highest = a
	}
	return faults
}

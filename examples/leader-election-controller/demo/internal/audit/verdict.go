package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// change is one change of one pod.
type change struct{ pod, number string }

func (c change) String() string { return "change " + c.number + " of " + c.pod }

// applied is a change that the API server shows as handled.
type applied struct {
	change
	token   uint64        // of the leader that marked it
	version uint64        // of the pod then: etcd's revision, one order for all pods
	at      time.Duration // when that was seen here, by journal.Now
}

// history is what happened, from three sources that do not know each other:
// the writer, a watch on the API server, and the replicas themselves.
type history struct {
	written []change
	applied []applied
	lines   []journal.Line
}

// verdict is what is wrong with a history.
type verdict struct {
	overlaps []string // handled by two leaders at once
	twice    []string // handled more than once
	lost     []string // never handled
	fallen   []string // written with a lower token than an earlier write
	unproven []string // the sources contradict each other
}

func (v verdict) faults() []string {
	return slices.Concat(v.overlaps, v.twice, v.lost, v.fallen, v.unproven)
}

func (h history) judge() verdict {
	var v verdict
	begins, handled := make(map[effort][]time.Duration), make(map[effort][]time.Duration)
	reports := make(map[change]int)
	for _, line := range h.lines {
		e := effort{change{line.Pod, line.Change}, line.Token}
		switch line.Kind {
		case journal.Begins:
			begins[e] = append(begins[e], line.At)
		case journal.Handled:
			handled[e] = append(handled[e], line.At)
			reports[e.change]++
		}
	}
	marks := make(map[change]int)
	var spans []span
	seen := make(map[effort]bool)
	for _, a := range h.applied {
		e := effort{a.change, a.token}
		marks[a.change]++
		seen[e] = true
		s, ok := newSpan(a, begins[e], handled[e])
		if !ok {
			v.unproven = append(v.unproven, fmt.Sprintf("%s was handled with token %d, and no replica says that it began to", a.change, a.token))
			continue
		}
		spans = append(spans, s)
	}
	for e := range handled {
		if !seen[e] {
			v.unproven = append(v.unproven, fmt.Sprintf("a replica says that it handled %s with token %d, and the API server never showed it", e.change, e.token))
		}
	}
	for c := range marks {
		if n := max(marks[c], reports[c]); n > 1 {
			v.twice = append(v.twice, fmt.Sprintf("%s was handled %d times", c, n))
		}
	}
	for _, c := range h.written {
		if marks[c] == 0 {
			v.lost = append(v.lost, fmt.Sprintf("%s was never handled", c))
		}
	}
	v.overlaps, v.fallen = overlaps(spans), fallen(h.applied)
	return v
}

// effort is one leader's work on one change.
type effort struct {
	change
	token uint64
}

// span is the time of one effort that had an effect.
type span struct {
	effort
	begin, end time.Duration
}

// newSpan is from when the replica began until the effect was there: when the
// replica knew, or when the watch showed it, whichever was first. Each can be
// late: a replica that is stopped learns of its last write when it goes on,
// one that is killed never does.
func newSpan(a applied, begins, handled []time.Duration) (span, bool) {
	s := span{effort: effort{a.change, a.token}, begin: -1, end: a.at}
	for _, at := range handled {
		s.end = min(s.end, at)
	}
	for _, at := range begins {
		if at <= s.end {
			s.begin = max(s.begin, at)
		}
	}
	return s, s.begin >= 0
}

// overlaps finds spans of different terms that share a moment.
func overlaps(spans []span) (faults []string) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	for i, a := range spans {
		for _, b := range spans[i+1:] {
			if b.begin >= a.end {
				break // as are all that follow
			}
			if a.token != b.token {
				faults = append(faults, fmt.Sprintf("%s with token %d and %s with token %d: both at once for %v",
					a.change, a.token, b.change, b.token, min(a.end, b.end)-b.begin))
			}
		}
	}
	return faults
}

// fallen finds writes of a leader that came after those of a later one.
func fallen(all []applied) (faults []string) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b applied) int { return cmp.Compare(a.version, b.version) })
	var highest applied
	for _, a := range all {
		if a.token < highest.token {
			faults = append(faults, fmt.Sprintf("%s was written with token %d after %s with token %d", a.change, a.token, highest.change, highest.token))
			continue
		}
		highest = a
	}
	return faults
}

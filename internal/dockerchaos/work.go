package dockerchaos

import (
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// Mark is what a leader writes to a pod when it has handled its change.
type Mark struct {
	Pod   string
	Token uint64
	Seen  time.Duration // when the watch on the pods showed it
}

// effort is the time in which a leader worked on a pod, with or without success.
type effort struct {
	replica, pod string
	token        uint64
	begin, end   time.Duration
}

// work judges what was done: each pod is one change, and once is right.
func (h History) work() []Finding {
	efforts, findings := h.efforts()
	findings = append(findings, workOverlaps(efforts)...)
	begun, marks, reports := make(map[Mark]bool), make(map[string]int), make(map[string]int)
	for _, e := range efforts {
		begun[Mark{Pod: e.pod, Token: e.token}] = true
	}
	for _, m := range h.Marks {
		marks[m.Pod]++
		if !begun[Mark{Pod: m.Pod, Token: m.Token}] {
			findings = append(findings, Finding{Unproven, fmt.Sprintf("%s was handled with token %d, and no replica says that it began to", m.Pod, m.Token)})
		}
	}
	for _, line := range h.Lines {
		if line.Kind == journal.Handled {
			reports[line.Pod]++
		}
	}
	for _, pod := range h.Written {
		switch n := max(marks[pod], reports[pod]); {
		case marks[pod] == 0 && reports[pod] > 0 && h.Whole:
			findings = append(findings, Finding{Unproven, pod + " was handled, its leader says, and the API server never showed it"})
		case n == 0 && h.Whole:
			findings = append(findings, Finding{Lost, pod})
		case n > 1:
			findings = append(findings, Finding{Twice, fmt.Sprintf("%s, %d times", pod, n)})
		}
	}
	return findings
}

// efforts pairs what each replica began with how that ended. One that does not
// know the end of it by now has no end yet.
func (h History) efforts() (all []effort, findings []Finding) {
	type key struct{ replica, pod string }
	running := make(map[key]effort)
	for _, line := range sorted(h.Lines) {
		k := key{line.Replica, line.Pod}
		switch line.Kind {
		case journal.Begins:
			running[k] = effort{line.Replica, line.Pod, line.Token, line.At, h.Now}
		case journal.Handled, journal.Outdated, journal.Refused, journal.Failed:
			if e, ok := running[k]; ok {
				e.end = line.At
				all = append(all, e)
				delete(running, k)
			}
		}
	}
	for _, e := range running {
		all = append(all, e)
		if h.Whole {
			findings = append(findings, Finding{Unproven, fmt.Sprintf("%s began with %s and never said how that ended", e.replica, e.pod)})
		}
	}
	return all, findings
}

// workOverlaps finds efforts of different leaders that share a moment.
func workOverlaps(efforts []effort) (all []Finding) {
	slices.SortFunc(efforts, func(a, b effort) int { return int(a.begin - b.begin) })
	for i, a := range efforts {
		for _, b := range efforts[i+1:] {
			if b.begin >= a.end {
				break // as are all that follow
			}
			if a.token != b.token {
				all = append(all, Finding{Overlap, fmt.Sprintf("%s at %s and %s at %s, for %s",
					a.replica, a.pod, b.replica, b.pod, short(min(a.end, b.end)-b.begin))})
			}
		}
	}
	return all
}

// belated counts marks that reached the API server after those of a later
// term. Such a write was sent in its term and held up by the network: no lease
// guards that moment, but the pod's version that the write names. See
// docs/guarantees.md.
func (h History) belated() (n int) {
	highest := uint64(0)
	for _, m := range h.Marks {
		if m.Token < highest {
			n++
		}
		highest = max(highest, m.Token)
	}
	return n
}

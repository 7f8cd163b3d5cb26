package mixed

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// Span is a time in which a replica was at work: from its first sign to its
// last.
type Span struct {
	Replica    string
	Token      uint64 // 0: it has none
	Begin, End time.Duration
	open       bool // it has not said that it ended
}

// Overlap is a time in which two replicas were at work.
type Overlap struct {
	A, B Span // A began first
	For  time.Duration
}

func (o Overlap) String() string {
	return fmt.Sprintf("%s and %s were both at work for %v", o.A.Replica, o.B.Replica, o.For.Round(time.Millisecond))
}

// Verdict is what the journals of one fleet say.
type Verdict struct {
	Spans    []Span // by their begin
	Overlaps []Overlap
	// Fallen are terms of a Regent whose token is not above that of each Regent
	// before it.
	Fallen []string
}

// Judge reads lines of any order.
func Judge(lines []journal.Line) Verdict {
	v := Verdict{Spans: spans(lines)}
	for i, a := range v.Spans {
		for _, b := range v.Spans[i+1:] {
			if both := min(a.End, b.End) - b.Begin; both > 0 && a.Replica != b.Replica {
				v.Overlaps = append(v.Overlaps, Overlap{a, b, both})
			}
		}
	}
	var highest Span
	for _, s := range v.Spans {
		switch {
		case s.Token == 0:
		case s.Token <= highest.Token:
			v.Fallen = append(v.Fallen, fmt.Sprintf("%s leads with token %d, after %s with %d", s.Replica, s.Token, highest.Replica, highest.Token))
		default:
			highest = s
		}
	}
	return v
}

func spans(lines []journal.Line) []Span {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b journal.Line) int { return cmp.Compare(a.At, b.At) })
	var all []*Span
	last := make(map[string]*Span) // of each replica
	for _, line := range lines {
		s := last[line.Replica]
		switch line.Kind {
		case journal.Leads:
			s = &Span{Replica: line.Replica, Token: line.Token, Begin: line.At, End: line.At, open: true}
			last[line.Replica] = s
			all = append(all, s)
		case replica.Works, journal.Cancelled:
			if s == nil || !s.open { // work after its end is work
				s = &Span{Replica: line.Replica, Token: line.Token, Begin: line.At, End: line.At, open: true}
				last[line.Replica] = s
				all = append(all, s)
			}
			s.End = line.At
		case journal.Drained:
			if s != nil && s.open {
				s.End, s.open = line.At, false
			}
		case journal.Stopped, replica.Ends: // without a word on its work
			if s != nil {
				s.open = false
			}
		}
	}
	out := make([]Span, len(all))
	for i, s := range all {
		out[i] = *s
	}
	return out
}

// Longest is the longest time in which nobody was at work, between the first
// span and the last.
func (v Verdict) Longest() time.Duration {
	var longest, until time.Duration
	for i, s := range v.Spans {
		if i > 0 {
			longest = max(longest, s.Begin-until)
		}
		until = max(until, s.End)
	}
	return longest
}

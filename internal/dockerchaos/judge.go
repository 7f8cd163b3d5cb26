package dockerchaos

import (
	"fmt"
	"slices"
	"time"
)

// Rule is what may not happen.
type Rule string

const (
	// Overlap: two at work at once.
	Overlap Rule = "two at work at once"
	// Early: another took over before the lease had run out.
	Early Rule = "taken over before the lease ran out"
	// Fallen: a later term has no higher token.
	Fallen Rule = "token not higher than the one before"
	// Needless: a leader that could renew in time lost its leadership.
	Needless Rule = "leadership lost without need"
	// Overtime: a leader that was cut off worked on beyond its deadline.
	Overtime Rule = "worked on beyond the deadline"
	// Leaderless: a replica could have led, and none did.
	Leaderless Rule = "no leader 1 s after there could be one"
	// Away: a replica that was connected again did not come back.
	Away Rule = "connected again, and did not come back"
	// Exit: a container ended by itself, or badly.
	Exit Rule = "container ended by itself, or badly"
	// Lost: work was not done.
	Lost Rule = "change not handled"
	// Twice: it was done twice.
	Twice Rule = "change handled twice"
	// Unproven: by nobody who says so, or only by what somebody says.
	Unproven Rule = "journals and API server contradict each other"
)

// Rules are all of them.
func Rules() []Rule {
	return []Rule{Overlap, Early, Fallen, Needless, Overtime, Leaderless, Away, Exit, Lost, Twice, Unproven}
}

// Timed: a machine that is busy with other things can break it, too.
func (r Rule) Timed() bool { return r == Needless || r == Overtime || r == Leaderless || r == Away }

// Finding is a rule that was broken.
type Finding struct {
	Rule Rule
	What string
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s", f.Rule, f.What) }

const (
	// slack is what a busy machine may add to a time that should be exact.
	slack = 250 * time.Millisecond
	// soon is how long after the end of a lease the next has to lead.
	soon = time.Second
)

// Judge finds everything that is wrong, but for what only the one who played it
// knows: Away and Exit.
func (h History) Judge() []Finding {
	terms := h.terms()
	return slices.Concat(h.overlaps(terms), h.order(terms), h.overtime(terms), h.needless(terms), h.leaderless(terms), h.work())
}

func (h History) overlaps(terms []Term) (all []Finding) {
	for i, a := range terms {
		for _, b := range terms[i+1:] {
			if both := min(a.ended(h.Now), b.ended(h.Now)) - b.Leads; both > 0 {
				all = append(all, Finding{Overlap, fmt.Sprintf("%s and %s, for %s", a, b, short(both))})
			}
		}
	}
	return all
}

func (t Term) String() string { return fmt.Sprintf("%s with token %d", t.Replica, t.Token) }

func (h History) order(terms []Term) (all []Finding) {
	for i, next := range terms[min(1, len(terms)):] {
		last := terms[i]
		if next.Token <= last.Token {
			all = append(all, Finding{Fallen, fmt.Sprintf("%s after %s", next, last)})
		}
		expiry, _ := h.expiry(last)
		if early := expiry - next.Leads; early > 0 && next.Replica != last.Replica {
			all = append(all, Finding{Early, fmt.Sprintf("%s after %s, by %s", next, last, short(early))})
		}
	}
	return all
}

// losses are the terms that ended though nobody had told a replica to end.
func (h History) losses(terms []Term) []Term {
	return slices.DeleteFunc(slices.Clone(terms), func(t Term) bool {
		return t.Cancelled == 0 || h.Ending != 0 && t.Cancelled >= h.Ending
	})
}

func (h History) overtime(terms []Term) (all []Finding) {
	for _, t := range h.losses(terms) {
		if late := t.Cancelled - t.Sent - h.Timings.Renew; late > slack {
			all = append(all, Finding{Overtime, fmt.Sprintf("%s, for %s", t, short(late))})
		}
	}
	return all
}

// needless finds terms that were lost although an attempt to renew could have
// succeeded: one starts each retry period, and the last of them at latest just
// before the deadline. It could not if the API server took as long for others,
// which had a network all the while.
func (h History) needless(terms []Term) (all []Finding) {
	for _, t := range h.losses(terms) {
		deadline := t.Sent + h.Timings.Renew
		enough := deadline - h.Timings.Retry - slack
		if !slices.ContainsFunc(h.Cuts, func(c Cut) bool {
			return c.Replica == t.Replica && c.Off.Begin < deadline && (c.Back == (Span{}) || c.Back.End > enough)
		}) && !h.slow(Span{t.Sent, deadline}) {
			all = append(all, Finding{Needless, t.String()})
		}
	}
	return all
}

// slow says whether the API server took longer than usual for anything in that
// time.
func (h History) slow(during Span) bool {
	return slices.ContainsFunc(h.Asked, func(s Span) bool {
		return s.Begin < during.End && s.End > during.Begin && s.End-s.Begin > slack
	})
}

// leaderless finds times in which somebody could have led, and nobody did.
func (h History) leaderless(terms []Term) (all []Finding) {
	for i, t := range terms {
		until, next := h.Now, "nobody"
		if h.Ending != 0 {
			until = h.Ending
		}
		if i+1 < len(terms) {
			until, next = terms[i+1].Leads, terms[i+1].String()
		} else if t.Cancelled == 0 {
			continue // it leads
		}
		_, expiry := h.expiry(t)
		if due, replica := h.due(expiry, until); due < until {
			all = append(all, Finding{Leaderless, fmt.Sprintf("after %s: %s could have led, %s did, %s too late", t, replica, next, short(until-due))})
		}
	}
	return all
}

// due is when somebody has to lead at the latest, and who could have.
func (h History) due(expiry, until time.Duration) (due time.Duration, who string) {
	due = never
	for _, replica := range h.Replicas {
		for _, s := range h.connected(replica) {
			could := expiry
			if s.Begin != 0 {
				could = max(could, s.Begin+h.Timings.recovery())
			}
			if could += soon; could < min(due, s.End, until) {
				due, who = could, replica
			}
		}
	}
	return due, who
}

// short is a duration for people.
func short(d time.Duration) string {
	switch {
	case d.Abs() < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d.Abs() < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

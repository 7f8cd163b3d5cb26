package dockerchaos

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// outcome says what came of a round, before which there had been so many terms
// and leader had led.
func outcome(h History, before int, leader string) string {
	terms := h.terms()
	if len(terms) == before {
		return leader + " leads on"
	}
	var all []string
	for i := max(before, 1); i < len(terms); i++ {
		last, next := terms[i-1], terms[i]
		all = append(all, fmt.Sprintf("%s stopped %.3f s after its last renewal", last.Replica, (last.Cancelled-last.Sent).Seconds()))
		all = append(all, h.takeover(last, next).String())
	}
	if terms[len(terms)-1].Replica != leader {
		all = append(all, leader+" stands by")
	}
	return strings.Join(all, "; ")
}

// takeover is a change of terms.
type takeover struct {
	last, next Term
	expiry     time.Duration // of last's lease
	able       time.Duration // when somebody who could lead was connected
	fresh      bool          // next was connected again not long before
}

func (h History) takeover(last, next Term) takeover {
	_, expiry := h.expiry(last)
	fresh := false
	for _, s := range h.connected(next.Replica) {
		if s.Begin != 0 && s.Begin <= next.Leads && next.Leads < s.End {
			fresh = s.Begin+h.Timings.recovery() > expiry
		}
	}
	return takeover{last, next, expiry, h.able(expiry), fresh}
}

// regained: by the same replica, for which its own lease does not have to run
// out.
func (t takeover) regained() bool { return t.last.Replica == t.next.Replica }

// waited for a network: nobody could lead when the lease ran out.
func (t takeover) waited() bool { return t.able > t.expiry }

// late is how long nobody led though somebody could. It is not negative: that a
// network is connected, and that a renewal has arrived late, can be known here
// some milliseconds after the replica knows it.
func (t takeover) late() time.Duration { return max(0, t.next.Leads-t.able) }

func (t takeover) String() string {
	switch {
	case t.regained() && t.next.Leads < t.expiry:
		return fmt.Sprintf("%s leads again before its lease runs out", t.next.Replica)
	case t.waited():
		return fmt.Sprintf("%s leads %s after the first was back", t.next.Replica, short(t.late()))
	}
	return fmt.Sprintf("%s leads %s after the lease ran out", t.next.Replica, short(t.late()))
}

// figures are what a history measures.
type figures struct {
	terms, regained, kept int
	barren                int             // terms in which nothing was handled
	overtime              []time.Duration // behind the deadline, of each loss
	late, fresh           []time.Duration // behind the end of the lease, of each takeover
	waited                []time.Duration // the same, behind the first that was back
	answers               []time.Duration // of the API server, to one that is never cut off
	idle                  []time.Duration // from each leader's start to the first change that it handled
}

func (h History) figures() (f figures) {
	terms := h.terms()
	for i, t := range terms {
		if h.Ending != 0 && t.Leads >= h.Ending {
			break
		}
		f.terms++
		first := slices.IndexFunc(h.Lines, func(l journal.Line) bool { return l.Kind == journal.Handled && l.Token == t.Token })
		if first >= 0 {
			f.idle = append(f.idle, h.Lines[first].At-t.Leads)
		} else {
			f.barren++
		}
		if i == 0 {
			continue
		}
		switch o := h.takeover(terms[i-1], t); {
		case o.regained() && t.Leads < o.expiry:
			f.regained++
		case o.waited():
			f.waited = append(f.waited, o.late())
		case o.fresh:
			f.fresh = append(f.fresh, o.late())
		default:
			f.late = append(f.late, o.late())
		}
	}
	for _, t := range h.losses(terms) {
		f.overtime = append(f.overtime, t.Cancelled-t.Sent-h.Timings.Renew)
	}
	for _, s := range h.Asked {
		f.answers = append(f.answers, s.End-s.Begin)
	}
	for _, c := range h.Cuts {
		if slices.ContainsFunc(terms, func(t Term) bool {
			renewed := slices.ContainsFunc(h.Renewals, func(r Renewal) bool { return r.Token == t.Token && r.Sent > c.Back.Begin })
			return t.Replica == c.Replica && t.Leads < c.Off.Begin && renewed
		}) {
			f.kept++
		}
	}
	return f
}

package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/chaos/register"
)

// Config says what is to be expected of a run.
type Config struct {
	plan.Timings
	// Linger is how long each replica's work goes on after it was told to stop.
	Linger map[string]time.Duration
	// Gate: writes go through it.
	Gate bool
	// End is when the run ended.
	End time.Duration
}

// harmless is how long after its deadline work may return without meeting the
// work of another: others wait for 0.95·L at least.
func (c Config) harmless() time.Duration { return c.Lease*95/100 - c.Renew }

// overruns: the work of a replica takes longer to return than that. The fence
// is at 0.95·L too, so what is nearly as long counts as well.
func (c Config) overruns(replica string) bool { return c.Linger[replica] >= c.harmless()*9/10 }

// tolerance is how late work may be told to stop on a busy machine: half of
// what it has to return in.
func (c Config) tolerance() time.Duration { return c.harmless() / 2 }

// notice is how long a process may take, after it goes on, to notice that time
// has passed.
const notice = time.Second

// Report is what came of a run.
type Report struct {
	Terms []Term
	// OverStopped and Overran are overlaps that no lease can prevent: with work
	// of a process that was stopped, and with work that overran after OnFence.
	OverStopped, Overran int
	// Recognised are terms that lasted by a renewal whose reply was lost.
	Recognised int
	// Late is by how much the work was told to stop after its deadline, at most,
	// and Noticed the same for processes that were stopped then, without the time
	// for which they were.
	Late, Noticed time.Duration
	// Stale are writes that came to a register after a later term's leader had,
	// which the gate alone cannot prevent.
	Stale int
	// Behind are writes that came although they were begun after a later term's
	// work had, which the gate has to prevent.
	Behind int
	// Violations are broken promises.
	Violations []string
}

func (r *Report) broken(format string, args ...any) {
	r.Violations = append(r.Violations, fmt.Sprintf(format, args...))
}

// Run audits a run: what its processes wrote, and what came to the registers.
func Run(c Config, entries []history.Entry, arrivals []register.Arrival) Report {
	rec := read(entries, c.End)
	r := Report{Terms: rec.terms}
	for i, t := range rec.terms {
		for _, former := range rec.terms[:i] {
			if former.Ended > t.Began && former.Replica != t.Replica {
				c.overlap(&r, rec, former, t)
			}
		}
		c.deadline(&r, rec, t)
	}
	c.tokens(&r, rec)
	c.writes(&r, rec, entries, arrivals)
	return r
}

// stunned reports whether a stop keeps a replica from having noticed at a time
// what happened meanwhile, and its work from having returned.
func (c Config) stunned(rec record, replica string, at time.Duration) bool {
	return slices.ContainsFunc(rec.stops[replica], func(s span) bool {
		return s.from < at && at <= s.to+notice+c.Linger[replica]
	})
}

// overlap judges work that begins while other work goes on. Nothing excuses it
// before the other's lease has run out.
func (c Config) overlap(r *Report, rec record, former, t Term) {
	last, _ := rec.renewed(former.Replica, t.Began)
	expired := t.Began >= last+c.Lease*95/100
	switch {
	case expired && c.stunned(rec, former.Replica, t.Began):
		r.OverStopped++
		return
	case t.Token < former.Token && c.stunned(rec, t.Replica, t.Began): // between its election and its work
		r.OverStopped++
		return
	case expired && c.overruns(former.Replica) && former.Fenced > 0 && former.Fenced < t.Began:
		r.Overran++
		return
	}
	r.broken("two at work: %s with token %d from %v, and %s with token %d from %v to %v (told to stop at %v, for %q)",
		t.Replica, t.Token, t.Began, former.Replica, former.Token, former.Began, former.Ended, former.Cancelled, former.Cause)
}

// deadline judges when the work was told to stop.
func (c Config) deadline(r *Report, rec record, t Term) {
	told := t.told()
	last, unanswered := rec.renewed(t.Replica, told)
	if last < 0 {
		r.broken("%s led with token %d, and no write to the lock of it was answered", t.Replica, t.Token)
		return
	}
	late, allowed := told-(last+c.Renew), c.tolerance()
	if stopped := rec.stopped(t.Replica, last+c.Renew, told); stopped > 0 {
		late, allowed = late-stopped, allowed+notice
		r.Noticed = max(r.Noticed, late)
	} else if late <= allowed {
		r.Late = max(r.Late, late)
	}
	switch {
	case late <= allowed:
	case told <= unanswered+c.Renew+c.tolerance():
		r.Recognised++
	default:
		r.broken("the work of %s with token %d was told to stop at %v (for %q), and its last renewal was sent at %v", t.Replica, t.Token, told, t.Cause, last)
	}
}

// tokens have to rise.
func (c Config) tokens(r *Report, rec record) {
	var highest Term
	for _, t := range rec.terms {
		if t.Token > highest.Token {
			highest = t
			continue
		}
		if t.Token < highest.Token && c.stunned(rec, t.Replica, t.Began) {
			continue // it was stopped between its election and its work
		}
		r.broken("%s led with token %d from %v, after %s with token %d", t.Replica, t.Token, t.Began, highest.Replica, highest.Token)
	}
}

// writes judges what has come to the registers.
func (c Config) writes(r *Report, rec record, entries []history.Entry, arrivals []register.Arrival) {
	entered := make(map[string]history.Entry)
	for _, e := range entries {
		if e.Kind == history.Enters {
			entered[e.Op] = e
		}
	}
	for _, a := range arrivals {
		if a.Stale() {
			r.Stale++
		}
		e, ok := entered[a.Op]
		at := e.At
		if !ok {
			r.broken("write %s came, and its replica has not written it down", a.Op)
			continue
		}
		if last, unanswered := rec.renewed(e.Replica, at); c.Gate && at > max(last, unanswered)+c.Renew+blur {
			r.broken("write %s with token %d entered the gate at %v, past its deadline: the last renewal was sent at %v; and passed", a.Op, a.Token, at, last)
		}
		later := slices.IndexFunc(rec.terms, func(t Term) bool { return t.Token > a.Token && t.Began < at })
		if later < 0 {
			continue
		}
		r.Behind++
		if t := rec.terms[later]; c.Gate {
			r.broken("write %s with token %d entered the gate at %v, after the work of %s with token %d had begun at %v, and passed", a.Op, a.Token, at, t.Replica, t.Token, t.Began)
		}
	}
}

// Ends counts why terms ended.
func (r Report) Ends() map[string]int {
	ends := make(map[string]int)
	for _, t := range r.Terms {
		why := t.Cause
		if t.Cancelled == 0 {
			why = "the process was killed"
		}
		ends[why]++
	}
	return ends
}

// Causes are the words in Ends, sorted.
func (r Report) Causes() []string { return slices.Sorted(maps.Keys(r.Ends())) }

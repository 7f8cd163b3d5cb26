package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
)

// Term is a time for which a replica was at work.
type Term struct {
	Replica string
	Token   uint64
	Began   time.Duration
	// Cancelled is when it was told to stop, for Cause; 0: it was not.
	Cancelled time.Duration
	Cause     string
	// Fenced is when OnFence was called; 0: it was not.
	Fenced time.Duration
	// Ended is when the work had returned, or its process had gone.
	Ended time.Duration
}

// told is when the work was told to stop, or stopped without.
func (t Term) told() time.Duration {
	if t.Cancelled > 0 {
		return t.Cancelled
	}
	return t.Ended
}

// span is a time in which a process was stopped.
type span struct{ from, to time.Duration }

// sent is a write to the lock.
type sent struct {
	at, back time.Duration // when it was sent, and its answer came
	failed   bool
}

// record is what is known of a run.
type record struct {
	terms []Term // in the order in which they began
	stops map[string][]span
	sent  map[string][]sent
	// stored are the writes to the lock of which it is known that they were, from
	// when they were sent until that was seen. In blind spans it was not looked.
	stored map[string][]span
	blind  []span
}

// read brings entries, which are in the order of their time, into this form.
// What has not ended, ends at end.
func read(entries []history.Entry, end time.Duration) record {
	r := record{stops: make(map[string][]span), sent: make(map[string][]sent), stored: make(map[string][]span)}
	open := make(map[string]*Term)          // by replica
	since := make(map[string]time.Duration) // it is stopped
	finish := func(replica string, at time.Duration) {
		if t := open[replica]; t != nil {
			t.Ended = at
			r.terms = append(r.terms, *t)
			delete(open, replica)
		}
	}
	goOn := func(replica string, at time.Duration) {
		if from, ok := since[replica]; ok {
			r.stops[replica] = append(r.stops[replica], span{from, at})
			delete(since, replica)
		}
	}
	for _, e := range entries {
		t := open[e.Replica]
		switch e.Kind {
		case history.Leads:
			finish(e.Replica, e.At) // its end is missing: see Run
			open[e.Replica] = &Term{Replica: e.Replica, Token: e.Token, Began: e.At}
		case history.Cancelled:
			if t != nil {
				t.Cancelled, t.Cause = e.At, e.Cause
			}
		case history.Fenced:
			if t != nil && t.Token == e.Token {
				t.Fenced = e.At
			}
		case history.Drained:
			finish(e.Replica, e.At)
		case history.Killed:
			goOn(e.Replica, e.At)
			finish(e.Replica, e.At)
		case history.Stopped:
			since[e.Replica] = e.At
		case history.Continued:
			goOn(e.Replica, e.At)
		case history.Requested:
			r.sent[e.Replica] = append(r.sent[e.Replica], sent{e.Sent, e.At, e.Error != ""})
		case history.Stored:
			r.stored[e.Replica] = append(r.stored[e.Replica], span{e.Sent, e.At})
		case history.Blind:
			r.blind = append(r.blind, span{e.Sent, e.At})
		}
	}
	for replica := range since {
		goOn(replica, end)
	}
	for replica := range open {
		finish(replica, end)
	}
	slices.SortFunc(r.terms, func(a, b Term) int { return cmp.Compare(a.Began, b.Began) })
	return r
}

// stopped is for how long a replica was stopped between two times.
func (r record) stopped(replica string, from, to time.Duration) (total time.Duration) {
	for _, s := range r.stops[replica] {
		total += max(0, min(s.to, to)-max(s.from, from))
	}
	return total
}

// renewed is when the last write to the lock was sent that a replica could know
// of at a time: of those that were answered by then, and of others that had
// been stored by then; -1: there is none.
func (r record) renewed(replica string, by time.Duration) (answered, unanswered time.Duration) {
	answered, unanswered = -1, -1
	for _, s := range r.sent[replica] {
		switch {
		case s.at >= by:
		case !s.failed && s.back <= by+blur:
			answered = max(answered, s.at)
		case r.mayBeStored(replica, s.at, by):
			unanswered = max(unanswered, s.at)
		}
	}
	return answered, unanswered
}

// blur is how exactly it is known when something happened to the lock.
const blur = 100 * time.Millisecond

// mayBeStored reports whether a write that was sent at a time is known to have
// been stored by another, or was sent when it was not looked.
func (r record) mayBeStored(replica string, at, by time.Duration) bool {
	return slices.ContainsFunc(r.stored[replica], func(s span) bool { return (at-s.from).Abs() < blur && s.to <= by+blur }) ||
		slices.ContainsFunc(r.blind, func(s span) bool { return s.from <= at && at <= s.to })
}

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
	at     time.Duration
	failed bool
}

// record is what is known of a run.
type record struct {
	terms []Term // in the order in which they began
	stops map[string][]span
	sent  map[string][]sent
}

// read brings entries, which are in the order of their time, into this form.
// What has not ended, ends at end.
func read(entries []history.Entry, end time.Duration) record {
	r := record{stops: make(map[string][]span), sent: make(map[string][]sent)}
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
			r.sent[e.Replica] = append(r.sent[e.Replica], sent{e.Sent, e.Error != ""})
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

// renewed is when the last write to the lock was sent before a time, of those
// that were answered and of those that were not; -1: there is none.
func (r record) renewed(replica string, before time.Duration) (answered, unanswered time.Duration) {
	answered, unanswered = -1, -1
	for _, s := range r.sent[replica] {
		switch {
		case s.at >= before:
		case s.failed:
			unanswered = max(unanswered, s.at)
		default:
			answered = max(answered, s.at)
		}
	}
	return answered, unanswered
}

package dockerchaos

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// History is what happened to the replicas of one lock. All times are by
// journal.Now.
type History struct {
	Timings  Timings
	Replicas []string
	// Lines are the journals, Renewals and Marks what watches on the API server
	// saw, Written what the API server acknowledged to the writer.
	Lines    []journal.Line
	Renewals []Renewal
	Written  []string
	Asked    []Span // how long the writer waited for each
	Marks    []Mark
	Cuts     []Cut
	// Ending is when the first replica was told to end; 0: not yet.
	Ending time.Duration
	// Whole: the last replica has ended, and all that it did is in here.
	Whole bool
	// Now is when this was put together.
	Now time.Duration
}

// Renewal is a write of a leader to the lock: its first, or a later one.
type Renewal struct {
	Replica string
	Token   uint64
	Sent    time.Duration // as the leader wrote
	Seen    time.Duration // when the watch on the lock showed it
}

// Span is the time that a command took: what it does happens in between.
type Span struct{ Begin, End time.Duration }

// Cut is a replica's time without a network.
type Cut struct {
	Replica string
	Off     Span
	Back    Span // zero: not yet
}

// Term is a replica's time as leader.
type Term struct {
	Replica string
	Token   uint64
	// Leads, Cancelled, Drained and Released are when it said so; 0: not yet.
	Leads, Cancelled, Drained, Released time.Duration
	// Renewal is the last that it can have known of.
	Renewal
}

// ended is when its work had returned.
func (t Term) ended(now time.Duration) time.Duration { return cmp.Or(t.Drained, now) }

// terms are all of them, in their order.
func (h History) terms() []Term {
	all := make(map[uint64]*Term) // by token, which no two share; see duplicates
	var terms []*Term
	for _, line := range sorted(h.Lines) {
		if line.Kind == journal.Leads {
			t := &Term{Replica: line.Replica, Token: line.Token, Leads: line.At}
			all[line.Token] = t
			terms = append(terms, t)
			continue
		}
		t := all[line.Token]
		if t == nil || t.Replica != line.Replica {
			continue
		}
		switch line.Kind {
		case journal.Cancelled:
			t.Cancelled = line.At
		case journal.Drained:
			t.Drained = line.At
		case journal.Released:
			t.Released = line.At
		}
	}
	var done []Term
	for _, t := range terms {
		t.Renewal = h.lastRenewal(*t)
		done = append(done, *t)
	}
	return done
}

func sorted(lines []journal.Line) []journal.Line {
	return slices.SortedStableFunc(slices.Values(lines), func(a, b journal.Line) int { return cmp.Compare(a.At, b.At) })
}

// lastRenewal of a term. One that reached the API server after the term's end
// extended nothing.
func (h History) lastRenewal(t Term) (last Renewal) {
	for _, r := range h.Renewals {
		known := t.Cancelled == 0 || r.Seen <= t.Cancelled
		if r.Replica == t.Replica && r.Token == t.Token && known && r.Sent >= last.Sent {
			last = r
		}
	}
	return last
}

// expiry is when the others might take the lock of a term: when it was released,
// or a lease after the last renewal, also one that came too late for the term.
// least is by when that was sent. The others count from when it arrived, which
// makes a difference if the network held it up.
func (h History) expiry(t Term) (least, most time.Duration) {
	for _, r := range h.Renewals {
		if r.Replica != t.Replica || r.Token != t.Token {
			continue
		}
		least = max(least, r.Sent+h.Timings.Lease)
		arrived := r.Sent
		if r.Seen-r.Sent > h.Timings.Retry {
			arrived = r.Seen
		}
		most = max(most, arrived+h.Timings.Lease)
	}
	if t.Released != 0 {
		return 0, min(most, t.Released) // the next can be told before the one that released
	}
	return least, most
}

// connected are the times in which a replica had a network; one that began
// before everything else begins at 0.
func (h History) connected(replica string) (all []Span) {
	begin := time.Duration(0)
	for _, c := range h.Cuts {
		if c.Replica != replica {
			continue
		}
		all = append(all, Span{begin, c.Off.Begin})
		if c.Back == (Span{}) {
			return all
		}
		begin = c.Back.End
	}
	return append(all, Span{begin, never})
}

const never = time.Duration(1<<63 - 1)

// able is the first moment, from a given one on, at which some replica was
// connected.
func (h History) able(from time.Duration) time.Duration {
	first := never
	for _, replica := range h.Replicas {
		for _, s := range h.connected(replica) {
			if s.End > from {
				first = min(first, max(from, s.Begin))
			}
		}
	}
	return first
}

// save writes it down, as evidence.
func (h History) save(file string) error {
	text, err := json.MarshalIndent(h, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

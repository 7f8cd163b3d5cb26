package ha

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// historySize is how many transitions a History keeps.
const historySize = 100

// Transition is something that happened in an election.
type Transition struct {
	Time time.Time
	// Kind is what happened: see the EventKinds of leaderelection.
	Kind leaderelection.EventKind
	// Holder leads since; "" = nobody, or it is the same.
	Holder string
	// Token is the term's, where it belongs to one.
	Token uint64
	// Reason is why, for people.
	Reason string
}

// History remembers the last hundred transitions of an election: who led, since
// when, and why no longer, as this process saw it. Give its Observe to the
// Elector. The zero value is usable; all methods are safe for concurrent use.
type History struct {
	mu   sync.Mutex // guards the field below
	last []Transition
}

// Observe is a leaderelection.Observer.
func (h *History) Observe(e leaderelection.Event) {
	t := Transition{Time: e.Time, Kind: e.Kind, Token: e.Token}
	switch e.Kind {
	case leaderelection.EventHolder, leaderelection.EventElected:
		t.Holder = e.Holder
	case leaderelection.EventEnded, leaderelection.EventReleased, leaderelection.EventReleaseFailed,
		leaderelection.EventOverrun, leaderelection.EventFenced, leaderelection.EventRefused, leaderelection.EventPolling:
	default:
		return // requests, and that a drain is over
	}
	if e.Err != nil {
		t.Reason = reason(e.Err)
	}
	h.add(t)
}

func (h *History) add(t Transition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.last) == historySize {
		h.last = slices.Delete(h.last, 0, 1)
	}
	h.last = append(h.last, t)
}

// Transitions returns what happened, the newest first.
func (h *History) Transitions() []Transition {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	newest := slices.Clone(h.last)
	slices.Reverse(newest)
	return newest
}

// reason shortens what every cause of a term's end begins with.
func reason(err error) string {
	s := err.Error()
	return cmp.Or(strings.TrimPrefix(s, "leadership ended: "), s)
}

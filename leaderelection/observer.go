package leaderelection

import (
	"sync"
	"time"
)

// Observer is told what happens to one Elector: each event once, in the order
// in which it happened, on one goroutine at a time, and all of them before Run
// returns. The election does not wait for it; Run's return does.
type Observer func(Event)

// Event is something that happened.
type Event struct {
	Kind EventKind
	// Time is when, by the wall clock.
	Time time.Time
	// Lock and Identity say to whom.
	Lock, Identity string
	// Holder is who leads now (EventHolder, EventEnded); "" = nobody.
	Holder string
	// Token is the term's, where the event belongs to one.
	Token uint64
	// Err is the cause of EventEnded, EventOverrun, EventFenced, and the error
	// of EventRequest, EventRefused, EventPolling; nil if there is none.
	Err error
	// Took is how long it took: a request, a drain, a renewal.
	Took time.Duration
	// Request is what was sent, of EventRequest: read, watch, or a write's
	// purpose: acquire, renew, release, insert, publish.
	Request string
}

// EventKind is what happened.
type EventKind string

const (
	// EventHolder: the lock has another holder, or none, or was seen first.
	EventHolder EventKind = "holder"
	// EventElected: this process leads; its work starts.
	EventElected EventKind = "elected"
	// EventEnded: the work was cancelled, for Err.
	EventEnded EventKind = "ended"
	// EventDrained: the work has returned, Took after its cancellation.
	EventDrained EventKind = "drained"
	// EventOverrun: the work has not returned for Took.
	EventOverrun EventKind = "overrun"
	// EventFenced: the work still runs, and the lease is about to expire.
	EventFenced EventKind = "fenced"
	// EventReleased: the lock was given up.
	EventReleased EventKind = "released"
	// EventReleaseFailed: it could not be, and will expire.
	EventReleaseFailed EventKind = "release-failed"
	// EventRefused: the lock's record is not taken; Err says why.
	EventRefused EventKind = "refused"
	// EventPolling: the lock cannot be watched, so it is polled.
	EventPolling EventKind = "polling"
	// EventRequest: a request to the lock was answered, or failed.
	EventRequest EventKind = "request"
)

// queue hands values to deliver, in order, on a goroutine that lives only
// while there are some.
type queue[T any] struct {
	deliver func(T)

	mu      sync.Mutex // guards the fields below
	values  []T
	running chan struct{} // closed when the goroutine has ended; nil: none runs
}

func (q *queue[T]) push(v T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.values = append(q.values, v)
	if q.running == nil {
		q.running = make(chan struct{})
		go q.run(q.running)
	}
}

func (q *queue[T]) run(done chan struct{}) {
	ended := false
	defer func() {
		if ended {
			close(done)
		} else {
			go q.run(done) // an observer called runtime.Goexit
		}
	}()
	for {
		q.mu.Lock()
		if ended = len(q.values) == 0; ended {
			q.running = nil
			q.mu.Unlock()
			return
		}
		v := q.values[0]
		q.values = q.values[1:]
		q.mu.Unlock()
		q.deliver(v)
	}
}

// idle returns a channel that is closed once all that was pushed so far is
// delivered.
func (q *queue[T]) idle() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running != nil {
		return q.running
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}

package traffic

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// Fault is something that went wrong.
type Fault struct {
	// Kind is the client's: "short", "bulk", "UDP".
	Kind string
	// Endpoint is the name of the server, "" if the client was not told it.
	Endpoint string
	// At is when the client noticed, Began when the connection was begun.
	Began, At time.Time
	// From is the client's address, if it has come so far.
	From net.Addr
	Err  error

	flow, request uint64 // that was lost
}

func (f Fault) String() string {
	return fmt.Sprintf("%s from %v to %q, after %v: %v", f.Kind, f.From, f.Endpoint, f.At.Sub(f.Began).Round(time.Millisecond), f.Err)
}

// Tally is what clients have seen.
type Tally struct {
	// Began counts TCP connections by endpoint, Open those that are there now.
	Began, Open map[string]int
	// Ended is how many TCP connections ended as they should.
	Ended int
	// Bytes were checked, of TCP.
	Bytes uint64
	// Retried is how many TCP connections have sent their SYN again: the first one,
	// or its answer, was lost. Only Linux tells.
	Retried int
	// Replies counts UDP replies by endpoint; Late are those that came when their
	// request had been taken for lost, which it is no longer.
	Replies map[string]int
	Late    int
	// Broken TCP connections, Lost UDP requests, and Moved UDP flows: their
	// Endpoint is the former one.
	Broken, Lost, Moved []Fault
}

// tally is a Tally under way.
type tally struct {
	mu sync.Mutex // guards the field below
	t  Tally
}

func newTally() *tally {
	return &tally{t: Tally{Began: make(map[string]int), Open: make(map[string]int), Replies: make(map[string]int)}}
}

// change changes the tally.
func (t *tally) change(change func(*Tally)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.t)
}

// late takes back that a request was lost.
func (t *tally) late(flow, request uint64) {
	t.change(func(t *Tally) {
		t.Late++
		t.Lost = slices.DeleteFunc(t.Lost, func(f Fault) bool { return f.flow == flow && f.request == request })
	})
}

// now is a copy.
func (t *tally) now() Tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.t
	c.Began, c.Open, c.Replies = maps.Clone(c.Began), maps.Clone(c.Open), maps.Clone(c.Replies)
	c.Broken, c.Lost, c.Moved = slices.Clone(c.Broken), slices.Clone(c.Lost), slices.Clone(c.Moved)
	return c
}

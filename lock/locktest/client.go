package locktest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/regent-ha/regent/lock"
)

// Call is a request on its way to the store.
type Call struct {
	// Verb is read, insert, swap or watch.
	Verb string
	// N counts the calls of this verb by this client, from 1.
	N int
	// Record is what insert and swap would store; Old what swap replaces.
	Record lock.Record
	Old    lock.Snapshot
}

// Fault is what happens to a call. The zero value: nothing.
type Fault struct {
	// Delay passes before the store gets the call: the call stays under way
	// even if its caller gives up.
	Delay time.Duration
	// Lost: the store never gets it. The caller waits until its context ends.
	Lost bool
	// Err is answered in place of the store, which never gets the call.
	Err error
	// ReplyDelay passes before the caller gets the answer.
	ReplyDelay time.Duration
	// ReplyLost: the store does what it is asked, but the caller waits until
	// its context ends.
	ReplyLost bool
}

// Client is one process's way to a lock; a lock.Lock.
type Client struct {
	store *Store
	name  string

	mu      sync.Mutex // guards the fields below
	fault   func(Call) Fault
	counts  map[string]int
	silent  bool
	streams map[*stream]struct{}
}

var _ lock.Lock = (*Client)(nil)

// Client returns a new way to the lock of that name.
func (s *Store) Client(name string) *Client {
	return &Client{store: s, name: name, counts: make(map[string]int), streams: make(map[*stream]struct{})}
}

// SetFault decides about each call from now on; nil: none has a fault. fault
// is called from the goroutines of the callers, one at a time.
func (c *Client) SetFault(fault func(Call) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = fault
}

// Cut loses every call from now on, and watches fall silent, until Heal.
func (c *Client) Cut() {
	c.SetFault(func(Call) Fault { return Fault{Lost: true} })
	c.Silence(true)
}

// Heal ends all faults. Watches then bring what they held back.
func (c *Client) Heal() {
	c.SetFault(nil)
	c.Silence(false)
}

// Silence makes this client's watches hold events back.
func (c *Client) Silence(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = on
	for s := range c.streams {
		s.hold(on)
	}
}

// BreakWatches ends this client's watches; err is what they end with.
func (c *Client) BreakWatches(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.streams {
		s.end(err)
	}
}

// Calls is how many calls of a verb were made; "" = of all verbs.
func (c *Client) Calls(verb string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if verb != "" {
		return c.counts[verb]
	}
	n := 0
	for _, k := range c.counts {
		n += k
	}
	return n
}

// String implements lock.Lock.
func (c *Client) String() string { return "lock " + c.name }

// Read implements lock.Lock.
func (c *Client) Read(ctx context.Context) (lock.Snapshot, error) {
	return c.call(ctx, Call{Verb: "read"}, func() (lock.Snapshot, error) { return c.store.read(c.name) })
}

// Insert implements lock.Lock.
func (c *Client) Insert(ctx context.Context, r lock.Record) (lock.Snapshot, error) {
	return c.call(ctx, Call{Verb: "insert", Record: r}, func() (lock.Snapshot, error) { return c.store.insert(c.name, r) })
}

// Swap implements lock.Lock.
func (c *Client) Swap(ctx context.Context, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	return c.call(ctx, Call{Verb: "swap", Record: r, Old: old}, func() (lock.Snapshot, error) { return c.store.swap(c.name, old, r) })
}

func (c *Client) decide(call Call) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[call.Verb]++
	call.N = c.counts[call.Verb]
	if c.fault == nil {
		return Fault{}
	}
	return c.fault(call)
}

type result struct {
	snapshot lock.Snapshot
	err      error
}

func (c *Client) call(ctx context.Context, call Call, do func() (lock.Snapshot, error)) (lock.Snapshot, error) {
	if ctx.Err() != nil {
		return lock.Snapshot{}, ctx.Err()
	}
	f := c.decide(call)
	if f.Lost {
		<-ctx.Done()
		return lock.Snapshot{}, ctx.Err()
	}
	if f == (Fault{}) {
		return do()
	}
	reply := make(chan result, 1)
	go func() {
		time.Sleep(f.Delay)
		r := result{err: f.Err}
		if f.Err == nil {
			r.snapshot, r.err = do()
		}
		time.Sleep(f.ReplyDelay)
		if !f.ReplyLost {
			reply <- r
		}
	}()
	select {
	case r := <-reply:
		return r.snapshot, r.err
	case <-ctx.Done():
		return lock.Snapshot{}, ctx.Err()
	}
}

// errTooOld is a watch's answer to a version that history has lost.
var errTooOld = errors.Join(errors.New("watch"), lock.ErrExpired)

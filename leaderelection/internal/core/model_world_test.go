package core_test

import (
	"slices"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// The model's clock counts ticks of one nanosecond from origin, so that no
// time is 0.
const (
	origin = core.Time(1000)
	lease  = core.Time(6)
	renew  = core.Time(4)
	grace  = core.Time(4)

	// Work that was cancelled returns before S + 0.95·L: 5 ticks after S.
	drain = lease * 95 / 100
	// A process is stopped for this long at most: longer changes nothing.
	longestPause = lease + grace
)

// fault is something that goes wrong, or that a user does. A setting says how
// often each may happen in one history.
type fault int

const (
	slow     fault = iota // a request or reply takes a tick or more, or is lost
	refuse                // the API server refuses a request
	lag                   // a watch falls behind
	cut                   // a watch breaks
	pause                 // SIGSTOP
	crash                 // SIGKILL
	restart               // as another process with the same identity
	rename                // as another process with another identity
	inPlace               // likewise, on the state directory of the one before
	deletion              // of the lock by an operator
	emptying              // of its holder by an operator
	edit                  // of its record by an operator: not sealed any more
	usurp                 // another kind of client writes itself as holder
	stepDown
	withdraw
	campaign
	faults
)

// setting is what one check explores.
type setting struct {
	name       string
	candidates int
	retry      core.Time
	budget     [faults]int8
	overrun    bool // work ignores its cancellation for as long as it likes
	denied     bool // there is no watch
	publish    bool
	claims     bool // processes have state directories
	fresh      bool // begin without a lock; else with a leader
	late       bool // the last candidate has not started yet
	succeeded  bool // the first leader is stopped, and another has taken over
}

func (s *setting) config(identity, prefix string) core.Config {
	return core.Config{
		Identity: identity, Nonce: prefix, Lease: lease, Renew: renew, Retry: s.retry, First: 2,
		AllowForeign: true, Grace: grace, Publish: s.publish, Claims: s.claims,
	}
}

// world is all there is at one moment. It is never changed: a move makes
// another one that shares what stays the same.
type world struct {
	*setting
	now    core.Time
	store  store
	procs  [3]*proc
	net    []*message // ordered by process, start and ID
	budget [faults]int8
	token  uint64 // of the last acquire that was committed
	trace  func(format string, args ...any)
}

type working int

const (
	resting working = iota
	running
	cancelled
)

// proc is a process: a candidate, and the work of its term.
type proc struct {
	core     *core.Core
	identity string
	starts   int
	prefix   string // of its nonces

	down   bool
	paused bool
	since  core.Time // when it was stopped

	work  working
	live  bool // between StartTerm and EndTerm
	token uint64
	sent  core.Time // S as the term has it

	// What is true, whatever the candidate knows.
	committed core.Time // latest send time of a write of it that made it holder
	acquired  uint64    // token of the last one that began a term
	shown     uint64    // the highest revision that it was told of
	heard     uint64    // likewise, in this campaign
	told      uint64    // the highest token of a lock that another held, which was news to it
	knew      uint64    // told, when it sent its last acquire

	watch   uint64 // 0 = none
	lagging bool
	queue   []watched

	kept  []core.Claim // in its state directory
	gone  []core.Claim // of which it has to tell the core; nil: none
	chain []string     // the prefixes of those before it in that directory
}

// watched is what a watch delivers: an event, or its end.
type watched struct {
	event lock.Event
	ended bool
	err   error
}

// longestQueue is how many undelivered events the API server keeps before it
// ends a watch.
const longestQueue = 3

// message is a request on its way to the store, or its answer on its way back.
type message struct {
	proc   int
	start  int    // of the process that sent it; another one gets no answer
	prefix string // of its nonces
	id     uint64
	write  *core.Write // nil: a read
	sent   core.Time
	until  core.Time // when the client gives up
	slow   bool      // has been paid for
	gaveUp bool      // nobody waits for the answer, but it may be committed yet

	answered bool
	event    core.Event
	revision uint64 // that the answer tells of
}

func newWorld(s *setting) *world {
	w := &world{setting: s, now: origin, budget: s.budget}
	w.store.deleted = origin - 10*lease
	for i := range s.candidates {
		name := string(rune('a' + i))
		w.procs[i] = &proc{identity: name}
		w.procs[i].boot(s)
	}
	return w
}

// boot starts a process anew.
func (p *proc) boot(s *setting) {
	p.starts++
	p.prefix = p.identity + string(rune('0'+p.starts))
	*p = proc{identity: p.identity, starts: p.starts, prefix: p.prefix, core: core.New(s.config(p.identity, p.prefix))}
}

// succeed starts a process on the state directory of the one before.
func (p *proc) succeed(s *setting) {
	kept, chain := p.kept, append(slices.Clone(p.chain), p.prefix)
	p.boot(s)
	p.kept, p.gone, p.chain = kept, append([]core.Claim{}, kept...), chain
}

// edit makes process i changeable in this world.
func (w *world) edit(i int) *proc {
	p := *w.procs[i]
	w.procs[i] = &p
	return &p
}

func (w *world) runs(i int) bool { return !w.procs[i].down && !w.procs[i].paused }

// orphan: no process waits for the answer any more.
func (w *world) orphan(m *message) bool {
	p := w.procs[m.proc]
	return m.gaveUp || p.down || p.starts != m.start
}

func (w *world) send(m *message) {
	at, _ := slices.BinarySearchFunc(w.net, m, func(a, b *message) int {
		switch {
		case a.proc != b.proc:
			return a.proc - b.proc
		case a.start != b.start:
			return a.start - b.start
		}
		return int(a.id) - int(b.id)
	})
	w.net = slices.Insert(slices.Clone(w.net), at, m)
}

func (w *world) replace(i int, m *message) {
	w.net = slices.Clone(w.net)
	w.net[i] = m
}

func (w *world) drop(i int) { w.net = slices.Delete(slices.Clone(w.net), i, i+1) }

func (w *world) log(format string, args ...any) {
	if w.trace != nil {
		w.trace(format, args...)
	}
}

// encode writes the world in the form in which equal ones are equal.
func (w *world) encode(e *core.Encoder) []byte {
	e.Reset(w.now)
	e.Exact = w.claims
	for _, n := range w.budget {
		e.Byte(byte(n))
	}
	w.store.encode(e)
	e.Revision(w.token)
	for _, p := range w.procs[:w.candidates] {
		e.Owner()
		if w.claims {
			e.Claims(p.kept)
			e.Claims(p.gone)
			e.Names(p.chain)
		}
		e.Bits(p.down, p.paused, p.live, p.lagging, p.watch != 0)
		if p.down {
			e.Name(p.identity)
			continue
		}
		e.Name(p.identity)
		e.Nonce(p.prefix)
		e.Byte(byte(p.work))
		if p.paused {
			e.Time(p.since, longestPause)
		}
		e.Revision(p.acquired)
		if p.work != resting {
			e.Revision(p.token)
			e.Time(p.sent, lease)
		}
		e.Time(p.committed, lease)
		e.Revision(p.shown)
		e.Revision(p.heard)
		e.Revision(p.told)
		e.Revision(p.knew)
		p.core.Encode(e)
		e.Byte(byte(len(p.queue)))
		for _, q := range p.queue {
			e.Bits(q.ended, q.err != nil, q.event.Deleted)
			if !q.ended {
				e.Snapshot(q.event.Snapshot)
			}
		}
		for _, m := range w.net {
			if m.proc == w.index(p) && !w.orphan(m) {
				e.ID(m.id)
				m.encode(e)
			}
		}
	}
	for _, m := range w.net {
		if w.orphan(m) {
			e.Byte(byte(m.proc))
			m.encode(e)
		}
	}
	return e.Finish()
}

func (w *world) index(p *proc) int { return slices.Index(w.procs[:], p) }

func (m *message) encode(e *core.Encoder) {
	e.Bits(m.slow, m.gaveUp, m.answered, m.write != nil)
	if e.Exact {
		e.Nonce(m.prefix)
	}
	e.Time(m.sent, lease)
	e.Time(m.until, 0)
	if m.answered {
		var snapshot lock.Snapshot
		var err error
		switch reply := m.event.(type) {
		case core.ReadReply:
			snapshot, err = reply.Snapshot, reply.Err
		case core.WriteReply:
			snapshot, err = reply.Snapshot, reply.Err
		}
		e.Byte(errorCode(err))
		if err == nil {
			e.Snapshot(snapshot)
		}
		e.Revision(m.revision)
	}
	if m.write == nil {
		return
	}
	e.Byte(byte(m.write.Kind))
	if !m.answered { // else only the answer matters
		e.Record(m.write.Record)
		if m.write.Old != nil {
			e.Snapshot(*m.write.Old)
		}
	}
}

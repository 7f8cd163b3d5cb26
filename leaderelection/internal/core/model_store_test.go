package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// store is the API server: linearizable, with one lock.
type store struct {
	revision uint64
	exists   bool
	lock     lock.Snapshot
	uids     int

	// What is true of it, whatever anybody knows.
	writer  string    // the prefix of who wrote the record; "" = an operator
	changed core.Time // the last time that it was renewed, taken or edited
	deleted core.Time // the last time that it was deleted
}

func (s *store) encode(e *core.Encoder) {
	e.Bits(s.exists)
	e.Revision(s.revision)
	e.Time(s.deleted, lease)
	e.Snapshot(s.lock)
	e.Nonce(s.writer)
	e.Time(s.changed, lease+grace)
}

func errorCode(err error) byte {
	for i, known := range []error{lock.ErrNotFound, lock.ErrConflict, lock.ErrRejected} {
		if errors.Is(err, known) {
			return byte(i + 1)
		}
	}
	return 0
}

// apply carries out a write of the process with the given prefix.
func (s *store) apply(m *message, prefix string, now core.Time) error {
	r, old := m.write.Record, m.write.Old
	switch {
	case old == nil && s.exists:
		return lock.ErrConflict
	case old == nil:
		s.uids++
		s.lock = lock.Snapshot{UID: "uid" + strconv.Itoa(s.uids)}
	case !s.exists:
		return lock.ErrNotFound
	case old.UID != s.lock.UID || old.Version != s.lock.Version:
		return lock.ErrConflict
	}
	s.exists = true
	if old != nil && r.Nonce == old.Nonce {
		s.lock.Candidates = r.Candidates
	} else {
		r.Sealed, r.SealedTransitions = true, r.Transitions
		if r.Duration == time.Second { // a release, by the real clock
			r.Duration = 1
		}
		s.lock.Record, s.writer, s.changed = r, prefix, now
	}
	s.bump()
	return nil
}

// answer is what comes beside an error, or without one.
func (s *store) answer(err error) lock.Snapshot {
	if err != nil {
		return lock.Snapshot{}
	}
	return s.lock
}

func (s *store) bump() {
	s.revision++
	s.lock.Version = strconv.FormatUint(s.revision, 10)
}

// operate is what an operator, or another kind of client, does to the lock.
func (s *store) operate(f fault, now core.Time) {
	s.lock.Sealed = false
	s.writer, s.changed = "", now
	switch f {
	case deletion:
		s.exists, s.deleted = false, now
	case emptying: // as a late client-go does
		s.lock.Holder, s.lock.Duration = "", 1
	case edit:
		s.lock.Successor = ""
	case usurp:
		s.lock.Record = lock.Record{Holder: "z", Duration: lease, Transitions: s.lock.Transitions + 1, Token: s.lock.Token}
	}
	s.bump()
}

// process lets message i reach the store.
func (w *world) process(i int) error {
	m := *w.net[i]
	w.drop(i)
	p := w.procs[m.proc]
	before := w.store
	var err error
	if m.write != nil {
		err = w.store.apply(&m, m.prefix, w.now)
		if err == nil {
			if fault := w.committed(&m, before); fault != nil {
				return fault
			}
			w.tell(lock.Event{Snapshot: w.store.lock})
		}
		m.event = core.WriteReply{ID: m.id, Snapshot: w.store.answer(err), Err: err}
		w.log("store: %s of %s: %s", m.write.Kind, p.prefix, outcome(err, w.store))
	} else {
		if !w.store.exists {
			err = lock.ErrNotFound
		}
		m.event = core.ReadReply{ID: m.id, Snapshot: w.store.answer(err), Err: err}
		w.log("store: read of %s: %s", p.prefix, outcome(err, w.store))
	}
	m.answered, m.revision = true, w.store.revision
	if !w.orphan(&m) {
		w.send(&m)
	}
	return nil
}

func outcome(err error, s store) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("version %s, holder %q, token %d", s.lock.Version, s.lock.Holder, s.lock.Token)
}

// refuse answers message i without doing what it asks for.
func (w *world) refuse(i int) {
	m := *w.net[i]
	if m.write != nil {
		m.event = core.WriteReply{ID: m.id, Err: lock.ErrRejected}
	} else {
		m.event = core.ReadReply{ID: m.id, Err: lock.ErrRejected}
	}
	m.answered = true
	w.log("store: refuses a request of %s", w.procs[m.proc].prefix)
	w.replace(i, &m)
}

// tell sends all watches an event.
func (w *world) tell(e lock.Event) {
	for i := range w.procs[:w.candidates] {
		if w.procs[i].watch != 0 {
			p := w.edit(i)
			p.push(watched{event: e})
		}
	}
	w.prune()
}

func (p *proc) push(q watched) {
	switch n := len(p.queue); {
	case n > 0 && p.queue[n-1].ended:
	case n == longestQueue:
		p.queue = append(slices.Clone(p.queue), watched{ended: true})
	default:
		p.queue = append(slices.Clone(p.queue), q)
	}
}

// prune forgets requests that nobody waits for and that cannot be committed
// any more.
func (w *world) prune() {
	w.net = slices.DeleteFunc(slices.Clone(w.net), func(m *message) bool {
		switch {
		case !w.orphan(m):
			return false
		case m.answered || m.write == nil:
			return true
		case m.write.Old == nil:
			return w.store.exists && w.budget[deletion] == 0
		}
		return !w.store.exists || m.write.Old.Version != w.store.lock.Version
	})
}

// hangUp ends all requests of process i, as the shell does at the end of a
// campaign. Writes may be committed all the same.
func (w *world) hangUp(i int) {
	w.net = slices.Clone(w.net)
	for k, m := range w.net {
		if m.proc == i && m.start == w.procs[i].starts {
			ended := *m
			ended.gaveUp = true
			w.net[k] = &ended
		}
	}
	w.prune()
}

// startWatch: the API server sends the present state if it is not the one that
// the version names, then each change.
func (w *world) startWatch(p *proc, a core.Watch) {
	p.watch, p.lagging, p.queue = a.ID, false, nil
	s := w.store
	switch {
	case w.denied:
		p.queue = []watched{{ended: true, err: lock.ErrForbidden}}
	case s.exists && s.lock.Version != a.Version:
		p.queue = []watched{{event: lock.Event{Snapshot: s.lock}}}
	case !s.exists && a.Version != "":
		gone := s.lock
		gone.Version = strconv.FormatUint(s.revision, 10)
		p.queue = []watched{{event: lock.Event{Snapshot: gone, Deleted: true}}}
	}
}

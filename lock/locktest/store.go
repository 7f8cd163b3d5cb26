package locktest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/regent-ha/regent/lock"
)

// Store keeps locks. All methods are safe for concurrent use.
type Store struct {
	mu       sync.Mutex // guards the fields below
	revision uint64
	uids     int
	locks    map[string]*stored
	watches  map[*stream]struct{}
}

type stored struct {
	exists   bool
	snapshot lock.Snapshot
	history  []lock.Event // the last of them
}

// historyLength is how many changes of a lock a watch can go back.
const historyLength = 1000

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{locks: make(map[string]*stored), watches: make(map[*stream]struct{})}
}

// Get returns what is stored under name; false if there is nothing.
func (s *Store) Get(name string) (lock.Snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	return l.snapshot, l.exists
}

// Revision is the store's latest.
func (s *Store) Revision() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// Delete removes a lock, as an operator would.
func (s *Store) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	if l.exists {
		l.exists = false
		l.snapshot.Version = s.next()
		s.changed(name, l, true)
	}
}

// Edit changes a record by hand, or as another client than Regent would: the
// seal is broken by it. It creates the lock if there is none.
func (s *Store) Edit(name string, edit func(*lock.Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	r := l.snapshot.Record
	if !l.exists {
		r = lock.Record{}
	}
	edit(&r)
	r.Sealed, r.Joint = false, false
	s.put(name, l, r)
}

// Foreign changes a record as another client than Regent would, if it is still
// the one of that version; "" creates the lock. ErrConflict: it is not.
func (s *Store) Foreign(name, version string, edit func(*lock.Record)) (lock.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	var r lock.Record
	now := ""
	if l.exists {
		r, now = l.snapshot.Record, l.snapshot.Version
	}
	if now != version {
		return lock.Snapshot{}, fmt.Errorf("update %q: %w", name, lock.ErrConflict)
	}
	edit(&r)
	r.Sealed, r.Joint, r.Successor = false, false, ""
	return copied(s.put(name, l, r)), nil
}

// SetBack restores the store to an earlier revision number, without what came
// since, as the restore of an etcd backup does.
func (s *Store) SetBack(name string, snapshot lock.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	l.exists, l.snapshot, l.history = true, snapshot, nil
	s.revision = snapshot.Revision()
	for w := range s.watches {
		if w.name == name {
			w.end(nil)
		}
	}
}

func (s *Store) lock(name string) *stored {
	l := s.locks[name]
	if l == nil {
		l = &stored{}
		s.locks[name] = l
	}
	return l
}

func (s *Store) next() string {
	s.revision++
	return strconv.FormatUint(s.revision, 10)
}

// put stores a record and tells the watches.
func (s *Store) put(name string, l *stored, r lock.Record) lock.Snapshot {
	uid := l.snapshot.UID
	if !l.exists {
		s.uids++
		uid = fmt.Sprintf("uid-%d", s.uids)
	}
	l.exists = true
	l.snapshot = lock.Snapshot{Record: r, UID: uid, Version: s.next()}
	s.changed(name, l, false)
	return l.snapshot
}

func (s *Store) changed(name string, l *stored, deleted bool) {
	ev := lock.Event{Snapshot: copied(l.snapshot), Deleted: deleted}
	l.history = append(l.history, ev)
	if n := len(l.history) - historyLength; n > 0 {
		l.history = slices.Delete(l.history, 0, n)
	}
	for w := range s.watches {
		if w.name == name {
			w.push(ev)
		}
	}
}

// read, insert and swap are what the API server does.
func (s *Store) read(name string) (lock.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	if !l.exists {
		return lock.Snapshot{}, fmt.Errorf("get %q: %w", name, lock.ErrNotFound)
	}
	return copied(l.snapshot), nil
}

func (s *Store) insert(name string, r lock.Record) (lock.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	if l.exists {
		return lock.Snapshot{}, fmt.Errorf("create %q: %w", name, lock.ErrConflict)
	}
	return copied(s.put(name, l, sealed(r))), nil
}

func (s *Store) swap(name string, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lock(name)
	switch {
	case !l.exists:
		return lock.Snapshot{}, fmt.Errorf("update %q: %w", name, lock.ErrNotFound)
	case old.UID != l.snapshot.UID || old.Version != l.snapshot.Version:
		return lock.Snapshot{}, fmt.Errorf("update %q: %w", name, lock.ErrConflict)
	case r.Nonce == old.Nonce:
		only := l.snapshot.Record
		if only.Touched == r.Touched && slices.Equal(only.Candidates, r.Candidates) {
			return copied(l.snapshot), nil // nothing changes, so no version does
		}
		only.Candidates, only.Touched = slices.Clone(r.Candidates), r.Touched
		return copied(s.put(name, l, only)), nil
	}
	return copied(s.put(name, l, sealed(r))), nil
}

// sealed is r as a Lease would return it.
func sealed(r lock.Record) lock.Record {
	r.Acquired, r.Renewed = r.Acquired.Truncate(time.Microsecond), r.Renewed.Truncate(time.Microsecond)
	r.Sealed, r.SealedTransitions, r.Problem = true, r.Transitions, nil
	r.Candidates = slices.Clone(r.Candidates)
	return r
}

func copied(s lock.Snapshot) lock.Snapshot {
	s.Candidates = slices.Clone(s.Candidates)
	return s
}

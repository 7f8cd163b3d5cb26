package sim

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

const lockName = "lock"

// server is the API server: linearizable, and wrong at times.
type server struct {
	play   *play
	store  *locktest.Store
	client *locktest.Client // without faults

	mu     sync.Mutex // guards the fields below
	wrong  map[Kind]int
	begun  int // faults
	backup lock.Snapshot
}

func newServer(p *play) *server {
	s := &server{play: p, store: locktest.NewStore(), wrong: make(map[Kind]int)}
	s.client = s.store.Client(lockName)
	return s
}

// request is one that has arrived.
type request struct {
	verb   string // read, insert, swap, watch, register
	kind   string // the same, told apart where two may be sent at one moment
	from   *process
	n      int // of this kind from there
	sent   *sending
	record lock.Record
	old    lock.Snapshot
}

func (r request) writes() bool { return r.verb == "insert" || r.verb == "swap" }

var (
	errDown     = errors.New("connection refused")
	errFull     = errors.New("etcdserver: mvcc: database space exceeded")
	errInternal = errors.New("internal error")
)

// handle does what a request asks for, unless something is wrong.
func (s *server) handle(r request, do func() (lock.Snapshot, error)) (lock.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	die := r.from.dice.roll("server "+r.kind, r.n)
	switch {
	case s.wrong[Down] > 0:
		return lock.Snapshot{}, errDown
	case s.wrong[Busy] > 0 && die.IntN(10) < 7:
		return lock.Snapshot{}, errors.Join(apierrors.NewTooManyRequests("busy", 1+die.IntN(longestRetryAfter)), lock.ErrRejected)
	case s.wrong[Failing] > 0 && die.one(4):
		return lock.Snapshot{}, errInternal
	case s.wrong[ReadOnly] > 0 && r.writes():
		return lock.Snapshot{}, errFull
	case s.wrong[Terminating] > 0 && r.verb == "insert":
		return lock.Snapshot{}, errors.Join(errors.New("the namespace is being terminated"), lock.ErrRejected)
	case s.wrong[Compacted] > 0 && r.verb == "watch":
		return lock.Snapshot{}, errors.Join(errors.New("too old resource version"), lock.ErrExpired)
	}
	before, existed := s.store.Get(lockName)
	snapshot, err := do()
	if err == nil && r.writes() {
		s.play.truth.committed(r, before, existed, snapshot)
	}
	if s.wrong[Failing] > 0 && die.one(4) {
		return lock.Snapshot{}, errInternal // done all the same
	}
	return snapshot, err
}

// write changes the lock in the name of r.
func (s *server) write(r request) (lock.Snapshot, error) {
	if r.verb == "insert" {
		return s.client.Insert(context.Background(), r.record)
	}
	return s.client.Swap(context.Background(), r.old, r.record)
}

// begin and end enclose a fault of the server.
func (s *server) begin(k Kind) {
	s.mu.Lock()
	s.begun++
	s.wrong[k]++
	s.mu.Unlock()
	s.play.truth.disturbed(0)
	switch k {
	case Down:
		s.breakWatches(errDown)
	case Compacted:
		s.breakWatches(errors.Join(errors.New("too old resource version"), lock.ErrExpired))
	case Terminating:
		s.operate(Deleted)
	}
}

func (s *server) end(k Kind) {
	s.mu.Lock()
	s.wrong[k]--
	s.mu.Unlock()
	s.play.truth.disturbed(k.echo())
}

// wellFor: nothing is wrong with it, nor was since so many faults had begun.
func (s *server) wellFor(begun int) bool {
	s.mu.Lock()
	same := s.begun == begun
	s.mu.Unlock()
	return same && s.well()
}

// well: nothing is wrong with it.
func (s *server) well() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.wrong {
		if n > 0 {
			return false
		}
	}
	return true
}

func (s *server) breakWatches(err error) {
	for _, p := range s.play.everybody() {
		p.link.breakWatches(err)
	}
}

// operate does to the lock what a fault says.
func (s *server) operate(k Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.store.Get(lockName); !ok && k != Restored || k == Restored && s.backup.Version == "" {
		return // there is nothing
	}
	s.play.truth.operated(k)
	switch k {
	case Deleted:
		s.store.Delete(lockName)
	case Emptied:
		s.edit(func(r *lock.Record) { r.Holder = "" })
	case Edited:
		s.edit(func(r *lock.Record) { r.Transitions += 2 })
	case Stolen:
		s.edit(func(r *lock.Record) {
			*r = lock.Record{Holder: "thief", Duration: s.play.plan.lease(), Transitions: r.Transitions + 1, Token: r.Token, Nonce: r.Nonce}
		})
	case Forged:
		s.edit(release)
	case Restored:
		s.store.SetBack(lockName, s.backup)
	}
}

func (s *server) edit(change func(*lock.Record)) { s.store.Edit(lockName, change) }

// release gives a record the form of client-go's release.
func release(r *lock.Record) {
	now := time.Now().Truncate(time.Microsecond)
	*r = lock.Record{
		Duration: time.Second, Acquired: now, Renewed: now, Transitions: r.Transitions + 1,
		SealedTransitions: r.SealedTransitions, Nonce: r.Nonce, Token: r.Token, Candidates: r.Candidates,
	}
}

// save makes a backup, for restore.
func (s *server) save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backup = lock.Snapshot{}
	if now, ok := s.store.Get(lockName); ok {
		s.backup = now
	}
}

// meddle changes what is not the election's.
func (s *server) meddle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.store.Get(lockName); ok {
		s.play.truth.meddled()
		next := now.Record
		next.Touched = now.Version
		_, _ = s.client.Swap(context.Background(), now, next) // nobody is faster
	}
}

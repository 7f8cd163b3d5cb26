package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Join makes one lock of two that are held only together: who leads holds
// both, and others wait until both have expired. It is how a fleet moves from
// one lock to the other, one replica at a time: a candidate that knows only the
// first lock, or only the second, never leads beside one that knows both. See
// [Multi] for a ConfigMap and a Lease.
//
// Both have to be kept in the same store, whose versions count changes of
// either: two objects in one Kubernetes cluster, unless its API server was
// told to keep them in different etcds, which Swap notices if it can.
//
// The first is written first and released last. A term counts from the time
// before the first write, and only once both have succeeded. Where the first
// cannot be watched it is read whenever the second changes.
//
// The snapshots show the record of both, if they agree. Else they show what is
// safe to believe: held, as long as one of them is; never as the caller's own
// before it holds both; emptied, once one of two that belonged together is
// gone.
//
// What belongs to one candidate is not shared: each Elector needs its own.
func Join(first, second Lock) (Lock, error) {
	if first == nil || second == nil {
		return nil, errors.New("lock: Join of nil; mend: pass two locks")
	}
	return &joint{first: first, second: second}, nil
}

// joint is two locks, and what is known of them.
type joint struct {
	first, second Lock

	mu   sync.Mutex // guards the fields below
	a, b half       // of the first and of the second

	writing *writing      // nil if no write of both is under way
	failed  chan struct{} // of the watch: hears that one has failed
}

// writing is a write of both locks.
type writing struct {
	nonce  string
	second uint64 // what had been learnt of the second when it began
}

// half is what is known of one of two locks.
type half struct {
	Snapshot // the zero value if it does not exist
	exists   bool
	floor    uint64 // the highest revision seen, also of a lock that is gone
	unseen   bool   // it is gone, and its deletion's revision is not known
	learnt   uint64 // counts what was learnt
}

// pair is the Object of a joint's snapshots.
type pair struct{ a, b half }

// String names both.
func (j *joint) String() string { return j.first.String() + " and " + j.second.String() }

// Read implements [Lock].
func (j *joint) Read(ctx context.Context) (Snapshot, error) {
	before := j.known()
	type result struct {
		snapshot Snapshot
		err      error
	}
	second := make(chan result, 1)
	go func() {
		s, err := j.second.Read(ctx)
		second <- result{s, err}
	}()
	first, err := j.first.Read(ctx)
	b := <-second
	missing := errors.Is(err, ErrNotFound)
	if err := cleared(err, b.err); err != nil {
		return Snapshot{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	back := j.a.read(before.a.learnt, first, missing)
	if j.b.read(before.b.learnt, b.snapshot, errors.Is(b.err, ErrNotFound)) || back {
		j.a.forget()
		j.b.forget()
	}
	return j.stored()
}

// cleared is the first error that is not that a lock does not exist.
func cleared(errs ...error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

func (j *joint) known() pair {
	j.mu.Lock()
	defer j.mu.Unlock()
	return pair{j.a, j.b}
}

// stored is the snapshot of what is known. j.mu is held.
func (j *joint) stored() (Snapshot, error) {
	if !j.a.exists && !j.b.exists {
		return Snapshot{}, fmt.Errorf("get %s: %w", j, ErrNotFound)
	}
	return pair{j.a, j.b}.snapshot(), nil
}

// snapshot is what both say together.
func (p pair) snapshot() Snapshot {
	s := Snapshot{Record: together(p.a, p.b), Version: p.version(), Object: p}
	id := p.a // as long as it exists: a fleet that used it alone has seen no other lock
	if !id.exists {
		id = p.b
	}
	s.Kind, s.UID = id.Kind, id.UID
	return s
}

// version orders what was learnt of both: by the later one, whose revision it
// shows, and then by the other. A reply that one is missing has no revision; it
// counts as half a step.
func (p pair) version() string {
	later, other := p.a, p.b
	if other.floor > later.floor {
		later, other = other, later
	}
	return fmt.Sprintf("%d.%d", later.floor, 4*other.floor+2*steps(other)+steps(later))
}

func steps(h half) uint64 {
	if h.unseen {
		return 1
	}
	return 0
}

// read takes in the answer to a read that was sent when learnt was as given.
// It is what is stored now, also after a restore, unless something was learnt
// meanwhile: then it counts if it is newer. restored: it is from a backup.
func (h *half) read(learnt uint64, s Snapshot, missing bool) (restored bool) {
	current := h.learnt == learnt
	switch {
	case missing && current && h.exists:
		h.gone(h.floor, true)
	case !missing && current && s.Revision() < h.floor:
		*h = half{learnt: h.learnt}
		h.learn(s)
		return true
	case !missing && (current || s.Revision() > h.floor):
		h.learn(s)
	}
	return false
}

// forget drops the revision of what is gone: the store counts on from the
// backup's.
func (h *half) forget() {
	if !h.exists {
		*h = half{unseen: true, learnt: h.learnt + 1}
	}
}

// learn takes in what is stored.
func (h *half) learn(s Snapshot) {
	if h.exists && s.Version == h.Version {
		return
	}
	*h = half{Snapshot: s, exists: true, floor: max(h.floor, s.Revision()), learnt: h.learnt + 1}
}

// gone: it does not exist any more, as of a revision, or since an unseen one.
func (h *half) gone(revision uint64, unseen bool) {
	*h = half{floor: max(h.floor, revision), unseen: unseen, learnt: h.learnt + 1}
}

// Insert implements [Lock]. A record without a holder needs the first lock
// only: the second is created with the first term.
func (j *joint) Insert(ctx context.Context, record Record) (Snapshot, error) {
	if record.Holder != "" {
		record.Joint = true
		return j.writeBoth(ctx, pair{}, record)
	}
	s, err := j.first.Insert(ctx, record)
	if err != nil {
		return Snapshot{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.a.wrote(s)
	return j.stored()
}

func (h *half) wrote(s Snapshot) {
	if s.Revision() > h.floor {
		h.learn(s)
	}
}

// Swap implements [Lock].
func (j *joint) Swap(ctx context.Context, old Snapshot, record Record) (Snapshot, error) {
	was, ok := old.Object.(pair)
	if !ok {
		return Snapshot{}, fmt.Errorf("update %s: the snapshot is of another lock (%T); mend: pass what Read or Watch of this lock returned", j, old.Object)
	}
	switch {
	case record.Nonce == old.Nonce:
		return j.publish(ctx, was, record)
	case record.Holder == "":
		record.Joint = was.a.exists && was.b.exists
		return j.release(ctx, was, record)
	}
	record.Joint = true
	if err := j.confirm(ctx, was, record); err != nil {
		return Snapshot{}, err
	}
	s, err := j.writeBoth(ctx, was, record)
	if errors.Is(err, ErrConflict) {
		j.giveBack(ctx, was, record)
	}
	return s, err
}

// confirm looks at the second lock before the first is taken from one who was
// seen to renew that: perhaps the second as well, unseen.
func (j *joint) confirm(ctx context.Context, was pair, record Record) error {
	if !was.halfRenewed() || record.Token == was.a.Token {
		return nil
	}
	s, err := j.second.Read(ctx)
	if errors.Is(err, ErrNotFound) || err == nil && s.Version != was.b.Version {
		return fmt.Errorf("update %s: %w: a renewal was not seen", j, ErrConflict)
	}
	return err
}

// halfRenewed: both are of one term, and not of one write.
func (p pair) halfRenewed() bool {
	return p.a.Joint && p.b.Joint && p.a.Token == p.b.Token && p.a.Holder != "" && p.a.Nonce != p.b.Nonce
}

// publish changes what is not the holder's, in the second lock if there is one.
// While both do not agree somebody may be between two writes, and would find the
// second changed.
func (j *joint) publish(ctx context.Context, was pair, record Record) (Snapshot, error) {
	l, known, old := j.second, &j.b, was.b
	switch {
	case !was.b.exists:
		l, known, old = j.first, &j.a, was.a
	case was.a.exists && was.a.Nonce != was.b.Nonce:
		return Snapshot{}, fmt.Errorf("update %s: %w: its halves do not agree yet; mend: none is needed, try again", j, ErrRejected)
	}
	next := old.Record
	next.Candidates, next.Touched = record.Candidates, record.Touched
	if _, err := j.write(ctx, l, known, old, next); err != nil {
		return Snapshot{}, err
	}
	return j.current()
}

// release gives up the second lock and then the first. What is left of a
// release that got half way is the first alone: were the second written anew,
// each attempt would make the lock a newer one, as if others did.
func (j *joint) release(ctx context.Context, was pair, record Record) (Snapshot, error) {
	halfWay := was.a.exists && was.b.Joint && was.b.Holder == "" && was.b.Token == record.Token
	if was.b.exists && !halfWay {
		if _, err := j.write(ctx, j.second, &j.b, was.b, record); err != nil {
			return Snapshot{}, err
		}
	}
	if was.a.exists {
		if _, err := j.write(ctx, j.first, &j.a, was.a, record); err != nil {
			return Snapshot{}, err
		}
	}
	return j.current()
}

// writeBoth takes or renews the first lock and then the second. What it
// returns counts as held only if both were written.
func (j *joint) writeBoth(ctx context.Context, was pair, record Record) (s Snapshot, err error) {
	j.begin(record.Nonce)
	defer func() { j.end(err) }()
	first, err := j.write(ctx, j.first, &j.a, was.a, record)
	if err != nil {
		return Snapshot{}, err
	}
	second, err := j.write(ctx, j.second, &j.b, was.b, record)
	if errors.Is(err, ErrConflict) {
		second, err = j.writeAgain(ctx, was.b, record, err)
	}
	if err != nil {
		return Snapshot{}, err
	}
	if first.Revision() == 0 || second.Revision() <= first.Revision() {
		return Snapshot{}, fmt.Errorf("update %s: %w: the versions of both have no common order (%q is followed by %q); mend: keep both in one etcd, or use one lock only",
			j, ErrRejected, first.Version, second.Version)
	}
	return j.current()
}

// begin keeps the watch from telling what is half written: to others it looks
// like a lock whose other half is gone, and so would it to the writer.
func (j *joint) begin(nonce string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writing = &writing{nonce, j.b.learnt}
}

func (j *joint) end(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writing = nil
	if err != nil && j.failed != nil {
		select {
		case j.failed <- struct{}{}:
		default: // it will be told
		}
	}
}

// halfWritten: the first holds what is being written, and the second does not
// yet. j.mu is held.
func (j *joint) halfWritten() bool {
	w := j.writing
	return w != nil && j.a.exists && j.a.Nonce == w.nonce && j.b.learnt == w.second
}

func (j *joint) current() (Snapshot, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stored()
}

// writeAgain takes the second lock if nothing but its candidates, or labels,
// has changed: the same write is held by the same holder.
func (j *joint) writeAgain(ctx context.Context, old half, record Record, conflict error) (Snapshot, error) {
	s, err := j.second.Read(ctx)
	if err != nil || !old.exists || s.UID != old.UID || !s.Sealed || !old.Sealed || s.Nonce == "" || s.Nonce != old.Nonce {
		return Snapshot{}, conflict
	}
	for _, c := range s.Candidates {
		if !slices.ContainsFunc(record.Candidates, func(k Candidate) bool { return k.Identity == c.Identity }) {
			record.Candidates = append(slices.Clone(record.Candidates), c)
		}
	}
	return j.write(ctx, j.second, &j.b, half{Snapshot: s, exists: true}, record)
}

// write replaces one of both, or creates it.
func (j *joint) write(ctx context.Context, l Lock, known *half, old half, record Record) (s Snapshot, err error) {
	if old.exists {
		s, err = l.Swap(ctx, old.Snapshot, record)
	} else {
		s, err = l.Insert(ctx, record)
	}
	if err != nil {
		return s, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	known.wrote(s)
	return s, nil
}

// giveBack frees the first lock if it was taken, and not just renewed, by a
// write that then failed to take the second. It is done for those who know
// only the first: they would wait for its expiry.
func (j *joint) giveBack(ctx context.Context, was pair, record Record) {
	now := j.known().a
	taken := now.exists && now.Nonce == record.Nonce && now.Sealed
	renewed := was.a.Sealed && was.a.Holder == record.Holder && was.a.Token == record.Token
	if !taken || renewed {
		return
	}
	// The conflict may be one of a repeated request with itself, or with a
	// renewal that was not seen: then the first is needed.
	if s, err := j.second.Read(ctx); err != nil && !errors.Is(err, ErrNotFound) || s.Joint && s.Holder != "" {
		return
	}
	freed := Record{
		Duration: time.Second, Renewed: record.Renewed, Transitions: record.Transitions, Token: record.Token,
		Nonce: record.Nonce + "-", Candidates: record.Candidates, Joint: true,
	}
	_, _ = j.write(ctx, j.first, &j.a, now, freed) // else it expires
}

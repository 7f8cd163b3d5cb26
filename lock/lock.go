package lock

import (
	"context"
	"strconv"
	"strings"
)

// Lock is a record under one name, shared by all candidates.
//
// Every method is bounded by its context alone; implementations add no
// time-outs of their own.
type Lock interface {
	// Read returns the record as it is stored now. ErrNotFound: there is none.
	Read(ctx context.Context) (Snapshot, error)

	// Insert stores the first record. ErrConflict: there is one already.
	Insert(ctx context.Context, record Record) (Snapshot, error)

	// Swap replaces the record that old shows. ErrConflict: it is not the
	// stored one any more; ErrNotFound: it was deleted. After an error that is
	// not [Refused] the change may or may not have been made. A record with the
	// nonce of old changes its Candidates and Touched only: the holder's write
	// stands.
	Swap(ctx context.Context, old Snapshot, record Record) (Snapshot, error)

	// Watch sends every change after the given version, in order, until ctx
	// ends or the watch breaks; then it closes the channel. ErrForbidden or
	// errors.ErrUnsupported: it cannot be watched, poll it. ErrExpired: the
	// version is too old, Read first.
	Watch(ctx context.Context, version string) (<-chan Event, error)

	// String names the lock in messages: "lease default/my-controller".
	String() string
}

// Snapshot is a record as it was stored at one version.
type Snapshot struct {
	Record
	// Kind is what the store holds the record in; "" if that is no object of
	// Kubernetes.
	Kind Kind
	// UID tells a lock from one that was deleted and created anew under the
	// same name; empty if the store has none.
	UID string
	// Version is the store's resourceVersion; empty if the store has none. Of
	// a [Join] it has a second part, after a dot.
	Version string
	// Object is what the store holds beside the record. It belongs to the lock
	// that returned the snapshot; leave it as it is.
	Object any
}

// Revision is the version as a number: 0 if it is none. Kubernetes promises
// resourceVersions of one resource to be comparable integers (KEP-5504).
func (s Snapshot) Revision() uint64 {
	n, _ := s.order()
	return n
}

// Newer reports whether s was stored after t. Without comparable versions it
// cannot say: ok is true then only if both are the same.
func (s Snapshot) Newer(t Snapshot) (yes, ok bool) {
	a, i := s.order()
	b, j := t.order()
	if a == 0 || b == 0 {
		return false, s.Version == t.Version && s.UID == t.UID
	}
	return a > b || a == b && i > j, true
}

func (s Snapshot) order() (revision, step uint64) {
	whole, part, dotted := strings.Cut(s.Version, ".")
	revision, err := strconv.ParseUint(whole, 10, 64)
	if err == nil && dotted {
		step, err = strconv.ParseUint(part, 10, 64)
	}
	if err != nil {
		return 0, 0
	}
	return revision, step
}

// Event is a change seen by a watch.
type Event struct {
	// Snapshot is the record after the change; of a deleted one, the last.
	Snapshot Snapshot
	// Deleted: the lock is gone.
	Deleted bool
	// Bookmark: nothing changed up to Snapshot.Version; the rest is empty.
	Bookmark bool
	// Err is why the watch broke. It comes last.
	Err error
}

package lock

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// FromResourceLock makes a lock of client-go usable as a [Lock]. A nil rl is
// refused.
//
// Lost with it: the compare-and-swap is only as strong as rl's own (client-go's
// compare the resourceVersion of what they read last, and no UID); there is no
// watch, so standbys poll; times are kept in whole seconds, so a renewal within
// the second of the one before goes unnoticed (LeaseDuration exceeds
// RenewDeadline by at least a second, which covers it); there is no token,
// nonce, successor or candidate in the record, so that a term's token counts up
// from the record's transitions and may repeat after the lock was deleted, and
// a write whose reply was lost counts as another's. rl must not be used
// elsewhere at the same time.
func FromResourceLock(rl resourcelock.Interface) (Lock, error) {
	if rl == nil {
		return nil, errors.New("lock: FromResourceLock of nil; mend: pass a resourcelock.Interface")
	}
	f := &foreign{rl: rl, turn: make(chan struct{}, 1)}
	return f, nil
}

type foreign struct {
	rl   resourcelock.Interface
	turn chan struct{} // holds a value while rl is in use: its state is not safe for concurrent use
}

func (f *foreign) String() string { return "lock " + f.rl.Describe() }

func (f *foreign) Read(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	err := f.exclusively(ctx, func() (err error) {
		s, err = f.read(ctx)
		return err
	})
	return s, f.wrap("get", err)
}

func (f *foreign) Insert(ctx context.Context, record Record) (Snapshot, error) {
	var s Snapshot
	err := f.exclusively(ctx, func() (err error) {
		raw := f.encode(record)
		s = f.snapshot(raw)
		return f.rl.Create(ctx, raw)
	})
	return s, f.wrap("create", err)
}

func (f *foreign) Swap(ctx context.Context, old Snapshot, record Record) (Snapshot, error) {
	var s Snapshot
	err := f.exclusively(ctx, func() error {
		now, err := f.read(ctx)
		if err != nil {
			return err
		}
		if now.Version != old.Version {
			return apiConflict()
		}
		if record.Nonce == old.Nonce { // candidates only: there is no place for them
			s = old
			return nil
		}
		raw := f.encode(record)
		s = f.snapshot(raw)
		return f.rl.Update(ctx, raw)
	})
	return s, f.wrap("update", err)
}

// Watch implements [Lock]: there is none.
func (f *foreign) Watch(context.Context, string) (<-chan Event, error) {
	return nil, fmt.Errorf("watch %s: %w", f, errors.ErrUnsupported)
}

func (f *foreign) exclusively(ctx context.Context, do func() error) error {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.turn }()
	return do()
}

func (f *foreign) read(ctx context.Context) (Snapshot, error) {
	raw, _, err := f.rl.Get(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	return f.snapshot(*raw), nil
}

func (f *foreign) encode(r Record) resourcelock.LeaderElectionRecord {
	return resourcelock.LeaderElectionRecord{
		HolderIdentity:       r.Holder,
		LeaseDurationSeconds: int(seconds(r.Duration)),
		AcquireTime:          metav1.NewTime(r.Acquired.Truncate(time.Second)),
		RenewTime:            metav1.NewTime(r.Renewed.Truncate(time.Second)),
		LeaderTransitions:    int(r.Transitions),
	}
}

// snapshot uses the record itself as the version.
func (f *foreign) snapshot(raw resourcelock.LeaderElectionRecord) Snapshot {
	version := fmt.Sprintf("%q for %ds since %d renewed %d after %d", raw.HolderIdentity, raw.LeaseDurationSeconds,
		raw.AcquireTime.Unix(), raw.RenewTime.Unix(), raw.LeaderTransitions)
	transitions := int32(clamp(raw.LeaderTransitions))
	return Snapshot{Version: version, Record: Record{
		Holder:      raw.HolderIdentity,
		Duration:    time.Duration(clamp(raw.LeaseDurationSeconds)) * time.Second,
		Acquired:    raw.AcquireTime.Time,
		Renewed:     raw.RenewTime.Time,
		Transitions: transitions,
		Token:       uint64(max(transitions, 0)),
	}}
}

// clamp keeps n in what a Lease can hold: a record in JSON may have more, and a
// duration that overflowed would end before it began.
func clamp(n int) int { return min(max(n, math.MinInt32), math.MaxInt32) }

func (f *foreign) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, f, resource{corev1.GroupName, "locks", ""}.classify(verb, err))
}

func apiConflict() error {
	return apierrors.NewConflict(corev1.Resource("locks"), "", errors.New("the record has changed"))
}

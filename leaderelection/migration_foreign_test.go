package leaderelection_test

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgo "k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/lock"
)

// cgLock is client-go's lock in the first.
type cgLock struct {
	r    *migrant
	seen string
}

func (l *cgLock) record(s lock.Snapshot) (*resourcelock.LeaderElectionRecord, []byte) {
	r := &resourcelock.LeaderElectionRecord{
		HolderIdentity: s.Holder, LeaseDurationSeconds: int(s.Duration / time.Second),
		AcquireTime: metav1.NewTime(s.Acquired), RenewTime: metav1.NewTime(s.Renewed), LeaderTransitions: int(s.Transitions),
	}
	return r, []byte(s.Holder + s.Renewed.String() + s.Acquired.String() + s.Duration.String())
}

func (l *cgLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	s, err := l.r.a.Read(ctx)
	if errors.Is(err, lock.ErrNotFound) {
		return nil, nil, apierrors.NewNotFound(schema.GroupResource{}, "a")
	}
	if err != nil {
		return nil, nil, err
	}
	l.seen = s.Version
	r, raw := l.record(s)
	return r, raw, nil
}

func (l *cgLock) write(ctx context.Context, over string, r resourcelock.LeaderElectionRecord) error {
	time.Sleep(5 * time.Millisecond)
	l.r.mu.Lock()
	dead := l.r.dead
	l.r.mu.Unlock()
	if dead {
		<-ctx.Done()
		return ctx.Err()
	}
	s, err := l.r.store.Foreign("a", over, func(k *lock.Record) {
		k.Holder, k.Duration, k.Transitions = r.HolderIdentity, time.Duration(r.LeaseDurationSeconds)*time.Second, int32(r.LeaderTransitions)
		k.Acquired, k.Renewed = r.AcquireTime.Time, r.RenewTime.Time
	})
	if err != nil {
		return apierrors.NewConflict(schema.GroupResource{}, "a", err)
	}
	l.seen = s.Version
	return nil
}

func (l *cgLock) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.write(ctx, "", r)
}

func (l *cgLock) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.write(ctx, l.seen, r)
}

func (l *cgLock) RecordEvent(string) {}
func (l *cgLock) Identity() string   { return l.r.name }
func (l *cgLock) Describe() string   { return "a" }

// runForeign runs client-go's elector, again after each loss.
func (r *migrant) runForeign() {
	r.a.SetFault(nil)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	release := r.rand.IntN(2) == 0
	go func() {
		defer close(r.done)
		for ctx.Err() == nil {
			clientgo.RunOrDie(ctx, clientgo.LeaderElectionConfig{
				Lock: &cgLock{r: r}, LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second, ReleaseOnCancel: release,
				Callbacks: clientgo.LeaderCallbacks{
					OnStartedLeading: func(ctx context.Context) {
						r.mu.Lock()
						if r.dead || ctx.Err() != nil {
							r.mu.Unlock()
							return
						}
						for other := range r.atWork {
							r.failed("%s (client-go) works beside %s", r.name, other.name)
						}
						r.atWork[r] = true
						r.led++
						r.mu.Unlock()
						r.say("%s (client-go) leads", r.name)
						<-ctx.Done()
						r.say("%s (client-go) ends", r.name)
						r.leave()
					},
					OnStoppedLeading: func() {},
				},
			})
		}
	}()
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/regent-ha/regent/lock"
)

// ClientGo makes client-go's elector, unmodified, started again after each
// loss, with ReleaseOnCancel. It has no tokens, and a clock of its own only.
func ClientGo(p Plan, identity string, _ uint64, _ float64, l lock.Lock) (Elector, error) {
	c := &clientGo{}
	var err error
	c.elector, err = leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &recordLock{lock: l, identity: identity}, LeaseDuration: p.Lease, RenewDeadline: p.Renew, RetryPeriod: p.Retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { c.started(ctx) },
			OnStoppedLeading: func() {},
		},
	})
	return c, err
}

type clientGo struct {
	elector *leaderelection.LeaderElector
	works   sync.WaitGroup

	mu   sync.Mutex // guards the field below
	lead func(context.Context, Term)
}

// Run calls client-go's again and again, as its users do, and joins the work
// only at the end.
func (c *clientGo) Run(ctx context.Context, lead func(context.Context, Term)) error {
	c.mu.Lock()
	c.lead = lead
	c.mu.Unlock()
	defer c.works.Wait()
	quiet := klog.NewContext(ctx, logr.Discard())
	for ctx.Err() == nil {
		c.elector.Run(quiet)
	}
	return nil
}

func (c *clientGo) started(ctx context.Context) {
	c.works.Add(1)
	defer c.works.Done()
	c.mu.Lock()
	lead := c.lead
	c.mu.Unlock()
	lead(ctx, Term{Valid: func() bool { return ctx.Err() == nil }})
}

// StepDown: it cannot.
func (c *clientGo) StepDown(context.Context) {}

func (c *clientGo) IsLeader() bool { return c.elector.IsLeader() }

// recordLock is a lock.Lock as client-go's own LeaseLock would be over it.
type recordLock struct {
	lock     lock.Lock
	identity string

	mu     sync.Mutex // guards the fields below
	last   lock.Snapshot
	writes int
}

var _ resourcelock.Interface = (*recordLock)(nil)

func (r *recordLock) seen(s lock.Snapshot, err error) (lock.Snapshot, error) {
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.last = s
	}
	return s, err
}

func (r *recordLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	s, err := r.seen(r.lock.Read(ctx))
	if err != nil {
		if errors.Is(err, lock.ErrNotFound) {
			err = apierrors.NewNotFound(schema.GroupResource{Resource: "leases"}, lockName)
		}
		return nil, nil, err
	}
	record := &resourcelock.LeaderElectionRecord{
		HolderIdentity: s.Holder, LeaseDurationSeconds: int(s.Duration / time.Second), LeaderTransitions: int(s.Transitions),
		AcquireTime: metav1.NewTime(s.Acquired), RenewTime: metav1.NewTime(s.Renewed),
	}
	return record, []byte(s.Version), nil
}

func (r *recordLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	_, err := r.seen(r.lock.Insert(ctx, r.record(record)))
	return err
}

func (r *recordLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	r.mu.Lock()
	last := r.last
	r.mu.Unlock()
	_, err := r.seen(r.lock.Swap(ctx, last, r.record(record)))
	return err
}

func (r *recordLock) RecordEvent(string)                {}
func (r *recordLock) Identity() string                  { return r.identity }
func (r *recordLock) Describe() string                  { return lockName }
func (r *recordLock) RecordEventObject() runtime.Object { return nil }

func (r *recordLock) record(of resourcelock.LeaderElectionRecord) lock.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	return lock.Record{
		Nonce:  fmt.Sprint(r.identity, "-", r.writes), // each write is another
		Holder: of.HolderIdentity, Duration: time.Duration(of.LeaseDurationSeconds) * time.Second, Transitions: int32(of.LeaderTransitions),
		Acquired: of.AcquireTime.Time, Renewed: of.RenewTime.Time,
	}
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
func ClientGo(p *process) (Elector, error) {
	p.Works = 1
	c := &clientGo{process: p}
	var err error
	c.elector, err = leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &recordLock{lock: p.link, identity: p.identity}, LeaseDuration: p.Lease, RenewDeadline: p.Renew, RetryPeriod: p.Retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { c.started(ctx) },
			OnStoppedLeading: func() {},
		},
	})
	return c, err
}

type clientGo struct {
	process *process
	elector *leaderelection.LeaderElector
	works   sync.WaitGroup

	mu     sync.Mutex // guards the fields below
	lead   func(context.Context, Term) error
	failed error
}

// Run calls client-go's again and again, as its users do, and joins the work
// only at the end.
func (c *clientGo) Run(ctx context.Context, lead func(context.Context, Term) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.mu.Lock()
	c.lead = func(work context.Context, t Term) error {
		err := lead(work, t)
		if work.Err() == nil {
			cancel() // the process ends with its work
		}
		return err
	}
	c.mu.Unlock()
	defer c.works.Wait()
	quiet := klog.NewContext(ctx, logr.Discard())
	for ctx.Err() == nil {
		c.elector.Run(quiet)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

func (c *clientGo) started(ctx context.Context) {
	c.works.Add(1)
	defer c.works.Done()
	defer func() {
		if r := recover(); r != nil {
			c.fail(fmt.Errorf("panic: %v", r))
		}
	}()
	c.mu.Lock()
	lead := c.lead
	c.mu.Unlock()
	if err := lead(ctx, Term{Valid: func() bool { return ctx.Err() == nil }}); err != nil && ctx.Err() == nil {
		c.fail(err)
	}
}

func (c *clientGo) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
}

// StepDown: it cannot.
func (c *clientGo) StepDown(context.Context, string) {}

func (c *clientGo) IsLeader() bool { return c.elector.IsLeader() }

// Gate: it has none.
func (c *clientGo) Gate(http.RoundTripper) http.RoundTripper { return nil }

// Contradictions are not looked for.
func (c *clientGo) Contradictions(Facts) []string { return nil }

// Flaw names the flaw by what the process knew, and what it was about.
func (c *clientGo) Flaw(rule Rule, w *work) string {
	switch rule {
	case SameIdentity:
		return "F8"
	case Wiped:
		return "F4"
	case TakenEarly:
		return "mixed settings"
	case KnownLoss:
		return "F3"
	case KnownGone:
		return "F6"
	case Untrue:
		return "F11"
	case Leaderless:
		if c.process.link.hangs(c.process.Lease) {
			return "F16"
		}
		return "F10"
	case EarlyRelease:
		for _, w := range c.process.working() {
			if !w.over() {
				return "F2"
			}
		}
		return "F2b"
	case TwoTerms, TwoWorks, PastLease:
		return c.overlap(w)
	}
	return ""
}

// overlap says why work went on beside another's, or past its lease.
func (c *clientGo) overlap(w *work) string {
	p := c.process
	p.mu.Lock()
	loss := p.loss
	p.mu.Unlock()
	held := p.play.truth.holds(p)
	switch {
	case w != nil && w.over():
		return "F2b" // it drains, and the lock was not kept for it
	case loss > 0 && p.play.gone():
		return "F6"
	case loss > 0:
		return "F3"
	case held.answered != nil && p.play.now() > held.answered.answers+p.Renew+p.Retry:
		return "F2" // it has given up, and releases before it cancels
	}
	return "F1"
}

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

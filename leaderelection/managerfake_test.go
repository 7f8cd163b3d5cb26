package leaderelection_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	clientgo "k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/regent-ha/regent/leaderelection"
)

// errLost is what controller-runtime's Start returns.
var errLost = errors.New("leader election lost")

// fakeManager treats its lock and its work as controller-runtime's manager
// does: it joins the work, and then ends its election, unless that was lost.
type fakeManager struct {
	lock                resourcelock.Interface
	base                context.Context
	lease, renew, retry time.Duration
	keeps               bool // LeaderElectionReleaseOnCancel is false
	grace               error
	work                func(context.Context)
	elected             chan struct{}

	mu       sync.Mutex // guards the fields below
	stopping bool
	working  sync.WaitGroup
}

func newFakeManager(base context.Context, lock resourcelock.Interface, work func(context.Context)) *fakeManager {
	return &fakeManager{
		lock: lock, base: base, work: work, elected: make(chan struct{}),
		lease: 15 * time.Second, renew: 10 * time.Second, retry: 2 * time.Second,
	}
}

// alone is one that has a ManagerLock only.
func alone(e *leaderelection.Elector, work func(context.Context)) *fakeManager {
	m := newFakeManager(context.Background(), e.ManagerLock(), work)
	m.lease, m.renew, m.retry = 900*time.Millisecond, 400*time.Millisecond, 80*time.Millisecond
	return m
}

func (m *fakeManager) Elected() <-chan struct{} { return m.elected }

func (m *fakeManager) Start(ctx context.Context) error {
	work, stopWork := context.WithCancel(m.base)
	defer stopWork()
	lost := make(chan error, 1)
	e, err := clientgo.NewLeaderElector(clientgo.LeaderElectionConfig{
		Lock: m.lock, LeaseDuration: m.lease, RenewDeadline: m.renew, RetryPeriod: m.retry, ReleaseOnCancel: !m.keeps,
		Callbacks: clientgo.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { m.start(work) },
			OnStoppedLeading: func() { lost <- errLost },
		},
	})
	if err != nil {
		return err
	}
	election, endElection := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), logr.Discard()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.Run(election)
	}()
	select {
	case <-ctx.Done():
	case err = <-lost:
	}
	stopWork()
	m.mu.Lock()
	m.stopping = true
	m.mu.Unlock()
	if err == nil && m.grace == nil {
		m.working.Wait()
	}
	endElection()
	<-ended
	return errors.Join(err, m.grace)
}

func (m *fakeManager) start(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopping {
		return
	}
	m.working.Go(func() { m.work(ctx) })
	close(m.elected)
}

// going runs start until the returned function stops it, which waits.
func going(start func(context.Context) error) (stop func() error, result <-chan error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- start(ctx) }()
	return func() error {
		cancel()
		return <-done
	}, done
}

// leads reports whether a manager's work was started.
func (m *fakeManager) leads() bool {
	synctest.Wait()
	select {
	case <-m.elected:
		return true
	default:
		return false
	}
}

// drains is work that takes d to return.
func drains(d time.Duration) func(context.Context) {
	return func(ctx context.Context) {
		<-ctx.Done()
		time.Sleep(d)
	}
}

func requireSoon(t *testing.T, before time.Time) {
	t.Helper()
	synctest.Wait()
	require.Equal(t, before, time.Now(), "nothing was waited for")
}

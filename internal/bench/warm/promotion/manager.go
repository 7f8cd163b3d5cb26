package promotion

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlcontroller "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/regent-ha/regent/internal/bench/warm/outcome"
)

// managers are controller-runtime's: one after another, since each can be
// started once.
type managers struct {
	cfg    *rest.Config
	warm   bool
	tally  *tally
	rounds int
}

var _ candidate = (*managers)(nil)

func (m *managers) kind() outcome.Kind {
	if m.warm {
		return outcome.RuntimeWarm
	}
	return outcome.Runtime
}

func (*managers) lists() (int, bool) { return 0, false }

func (*managers) close() error { return nil }

func (m *managers) promote(ctx context.Context) (took, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	m.tally.reset()
	m.rounds++
	lock, err := newStarter(m.cfg, fmt.Sprintf("manager-%t-%d", m.warm, m.rounds))
	if err != nil {
		return took{}, err
	}
	queued := new(atomic.Int64)
	mgr, err := m.manager(lock, queued)
	if err != nil {
		return took{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	d, err := m.play(ctx, lock, queued, ended)
	if errors.Is(err, errEnded) {
		return d, err
	}
	end()
	return d, errors.Join(err, <-ended)
}

// play lets a manager win once it stands by.
func (m *managers) play(ctx context.Context, lock *starter, queued *atomic.Int64, ended <-chan error) (took, error) {
	select {
	case <-lock.reached:
	case err := <-ended:
		return took{}, errEarly(err)
	case <-ctx.Done():
		return took{}, ctx.Err()
	}
	if m.warm { // it does not wait for its warm-up, but we do
		if err := until(ctx, func() bool { return queued.Load() >= int64(m.tally.objects) }); err != nil {
			return took{}, err
		}
	}
	calm()
	lock.open()
	return m.tally.wait(ctx, ended)
}

// manager returns one that counts the objects it has queued.
func (m *managers) manager(lock resourcelock.Interface, queued *atomic.Int64) (manager.Manager, error) {
	mgr, err := manager.New(m.cfg, manager.Options{
		LeaderElection: true, LeaderElectionResourceLockInterface: lock, LeaderElectionReleaseOnCancel: true,
		Metrics: server.Options{BindAddress: "0"}, Logger: logr.Discard(),
	})
	if err != nil {
		return nil, err
	}
	// Runnables for leaders are started in the order in which they were added.
	if err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		m.tally.lead()
		<-ctx.Done()
		return nil
	})); err != nil {
		return nil, err
	}
	return mgr, ctrl.NewControllerManagedBy(mgr).
		For(&corev1.Pod{}).
		WithEventFilter(predicate.Funcs{CreateFunc: func(event.CreateEvent) bool {
			queued.Add(1)
			return true
		}}).
		WithOptions(ctrlcontroller.Options{
			MaxConcurrentReconciles: workers, EnableWarmup: &m.warm, SkipNameValidation: new(true),
		}).
		Complete(m.reconciler(mgr.GetClient()))
}

// reconciler gets each object from the cache, as all reconcilers do. Its first
// call counts from its beginning.
func (m *managers) reconciler(from client.Client) reconcile.Func {
	return func(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
		called := time.Now()
		var pod corev1.Pod
		if err := from.Get(ctx, r.NamespacedName, &pod); err != nil {
			return reconcile.Result{}, err
		}
		m.tally.handle(called, pod.Name)
		return reconcile.Result{}, nil
	}
}

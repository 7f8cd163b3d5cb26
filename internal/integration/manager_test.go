package integration_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/regent-ha/regent/leaderelection"
)

// managed is a manager of controller-runtime that reconciles ConfigMaps while
// an Elector leads, and what was seen of it.
type managed struct {
	name    string
	elector *leaderelection.Elector
	mgr     manager.Manager
	client  client.Client // gated
	arena   *arena
	log     *log

	reconciles chan reconciled
	hold       chan struct{} // until it is closed no Reconcile returns; nil: each returns at once
	stop       func()        // tells it to, and does not wait
	result     chan error

	mu   sync.Mutex // guards the field below
	sent []string   // requests about ConfigMaps
}

// reconciled is one call of Reconcile.
type reconciled struct {
	term  *leaderelection.Term
	began time.Time
	ended chan cancelled // how its context ended, if it is held
}

// cancelled is how the context of a Reconcile ended.
type cancelled struct {
	cause  error
	at     time.Time
	refuse error // what a write said then
}

// Reconcile implements reconcile.Reconciler.
func (m *managed) Reconcile(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
	m.arena.enter(m.name)
	defer m.arena.leave(m.name)
	term, _ := leaderelection.TermFromContext(ctx)
	call := reconciled{term: term, began: time.Now(), ended: make(chan cancelled, 1)}
	m.reconciles <- call
	if m.hold != nil {
		<-ctx.Done()
		end := cancelled{cause: context.Cause(ctx), at: time.Now()}
		end.refuse = m.client.Create(context.WithoutCancel(ctx), configMap(r.Namespace, "written-by-"+m.name))
		call.ended <- end
		<-m.hold
	}
	return reconcile.Result{}, nil
}

// record notes the requests about ConfigMaps.
func (m *managed) record(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/configmaps") {
			m.mu.Lock()
			m.sent = append(m.sent, r.Method+" "+r.URL.String())
			m.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (m *managed) requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.sent...)
}

// newManaged makes an Elector with 5 s, 3 s and 1 s and a manager that follows
// it. change may be nil.
func newManaged(t *testing.T, a *arena, cfg *rest.Config, namespace, name string, change func(*leaderelection.ManagerLink, *manager.Options)) (*managed, *leaderelection.ManagerLink) {
	t.Helper()
	m := &managed{name: name, arena: a, log: new(log)}
	var err error
	m.elector, err = leaderelection.NewElector(leaderelection.Config{
		Lock: newLease(t, newClient(t, cfg), namespace), Identity: name,
		LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second,
		Logger: slog.New(slog.NewTextHandler(m.log, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, m.log)
		}
	})
	return m, m.follow(t, cfg, namespace, change)
}

// follow makes a manager that follows m's Elector.
func (m *managed) follow(t *testing.T, cfg *rest.Config, namespace string, change func(*leaderelection.ManagerLink, *manager.Options)) *leaderelection.ManagerLink {
	t.Helper()
	m.reconciles, m.result = make(chan reconciled, 100), make(chan error, 1)
	link := m.elector.ManagerLink()
	options := manager.Options{
		LeaderElection: true, LeaderElectionResourceLockInterface: link.Lock(), BaseContext: link.BaseContext,
		GracefulShutdownTimeout: new(time.Duration(-1)),
		Controller:              config.Controller{EnableWarmup: new(true), SkipNameValidation: new(true)},
		Cache:                   cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
		Metrics:                 server.Options{BindAddress: "0"},
		Logger:                  logr.FromSlogHandler(slog.NewTextHandler(m.log, nil)),
	}
	if change != nil {
		change(link, &options)
	}
	gated := rest.CopyConfig(cfg)
	gated.Wrap(m.record)
	if options.BaseContext != nil {
		gated.Wrap(leaderelection.Gate)
	} else { // no context has a term
		gated.Wrap(m.elector.Gate)
	}
	var err error
	m.mgr, err = manager.New(gated, options)
	require.NoError(t, err)
	m.client = m.mgr.GetClient()
	require.NoError(t, ctrl.NewControllerManagedBy(m.mgr).For(&corev1.ConfigMap{}).Complete(m))
	return link
}

// start runs the manager by run, and ends it with the test.
func (m *managed) start(t *testing.T, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	result, ended := m.result, make(chan struct{})
	go func() {
		defer close(ended)
		result <- run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		await(t, ended, m.name+" ends")
	})
}

// startLinked runs a manager that changes nothing of newManaged's.
func startLinked(t *testing.T, a *arena, cfg *rest.Config, namespace, name string, hold chan struct{}) *managed {
	t.Helper()
	m, link := newManaged(t, a, cfg, namespace, name, nil)
	m.hold = hold
	m.start(t, func(ctx context.Context) error { return link.Run(ctx, m.mgr) })
	return m
}

// next waits for a Reconcile.
func (m *managed) next(t *testing.T) reconciled {
	t.Helper()
	return await(t, m.reconciles, m.name+" reconciles")
}

// standsBy waits until a manager is ready to lead.
func (m *managed) standsBy(t *testing.T, leader string) {
	t.Helper()
	eventually(t, m.name+" stands by", func() bool {
		s := m.elector.Status()
		return s.Holder == leader && s.Watching
	})
}

// makeConfigMap makes what is to be reconciled.
func makeConfigMap(t *testing.T, namespace, name string) {
	t.Helper()
	_, err := plainClient(t).CoreV1().ConfigMaps(namespace).Create(t.Context(), configMap(namespace, name), metav1.CreateOptions{})
	require.NoError(t, err)
}

// The manager that stops joins its Reconcile before the lock is released; the
// next one has all objects by then, and asks for none.
func TestManagerHandsOverWarm(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	admin := newClient(t, cfg)
	makeConfigMap(t, namespace, "one")
	hold := make(chan struct{})
	first := startLinked(t, a, cfg, namespace, "first", hold)
	held := first.next(t)
	require.True(t, held.term.Valid())
	second := startLinked(t, a, cfg, namespace, "second", nil)
	second.standsBy(t, "first")
	(&term{Term: held.term}).renewed(t) // meanwhile its cache syncs
	require.NotEmpty(t, second.requests())

	asked := len(second.requests())
	first.stop()
	end := await(t, held.ended, "Reconcile is cancelled")
	require.NoError(t, end.refuse, "what drains may write")
	eventually(t, "the Elector drains", func() bool { return first.elector.Status().Phase == "draining" })
	require.True(t, held.term.Valid())
	require.Equal(t, "first", *getLease(t, admin, namespace).Spec.HolderIdentity)
	require.Empty(t, second.reconciles)
	released := time.Now()
	close(hold)
	took := second.next(t)
	t.Logf("the next manager reconciles %v after the last Reconcile has returned", took.began.Sub(released))
	require.Greater(t, took.term.Token(), held.term.Token())
	require.Len(t, second.requests(), asked, "nothing is listed or watched anew: %v", second.requests())
	require.NoError(t, await(t, first.result, "the first ends"))
	second.stop()
	require.NoError(t, await(t, second.result, "the second ends"))
	require.Empty(t, *getLease(t, admin, namespace).Spec.HolderIdentity)
}

// dawdler is a runnable that needs no leader, and holds up a manager that
// stops: controller-runtime cancels its reconcilers after it has returned.
type dawdler struct{ until chan struct{} }

func (dawdler) NeedLeaderElection() bool { return false }
func (d dawdler) Start(context.Context) error {
	<-d.until
	return nil
}

// A loss ends what is reconciled at once, its writes are refused, and nobody
// else works before it has returned in time.
func TestManagerLosesTheLock(t *testing.T) {
	for name, tc := range map[string]struct {
		lose  func(*testing.T, string, *proxy)
		cause error
	}{
		"taken by hand": {func(t *testing.T, namespace string, _ *proxy) {
			client := newClient(t, plane.Get(t).Config())
			lease, thief := getLease(t, client, namespace), "thief"
			lease.Spec.HolderIdentity = &thief
			_, err := client.CoordinationV1().Leases(namespace).Update(t.Context(), lease, metav1.UpdateOptions{})
			require.NoError(t, err)
		}, leaderelection.ErrTaken},
		"cut off": {func(_ *testing.T, _ string, p *proxy) { p.setCut(true) }, leaderelection.ErrDeadline},
	} {
		t.Run(name, func(t *testing.T) {
			namespace, a := plane.Namespace(t), newArena(t)
			makeConfigMap(t, namespace, "one")
			cfg, p := throughProxy(t)
			m, link := newManaged(t, a, cfg, namespace, "first", nil)
			m.hold = make(chan struct{})
			slow := dawdler{make(chan struct{})}
			require.NoError(t, m.mgr.Add(slow))
			m.start(t, func(ctx context.Context) error { return link.Run(ctx, m.mgr) })
			held := m.next(t)
			second := startLinked(t, a, plane.Get(t).Config(), namespace, "second", nil)
			second.standsBy(t, "first")

			tc.lose(t, namespace, p)
			end := await(t, held.ended, "Reconcile is cancelled")
			require.ErrorIs(t, end.cause, tc.cause)
			require.ErrorIs(t, end.refuse, leaderelection.ErrNoTerm)
			require.False(t, end.at.After(held.term.Deadline().Add(time.Second)), "at the deadline, or little later on a busy machine")
			require.Empty(t, m.result, "joined")
			close(slow.until)
			close(m.hold)
			err := await(t, m.result, "the manager ends")
			require.ErrorIs(t, err, leaderelection.ErrLeadershipLost)
			require.ErrorIs(t, err, tc.cause)
			if errors.Is(tc.cause, leaderelection.ErrDeadline) {
				require.Greater(t, second.next(t).term.Token(), held.term.Token())
			}
		})
	}
}

// After a loss the same process goes on with another manager.
func TestManagerRejoins(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	admin := newClient(t, cfg)
	makeConfigMap(t, namespace, "one")
	m, link := newManaged(t, a, cfg, namespace, "only", nil)
	var token uint64
	for range 3 {
		m.start(t, func(ctx context.Context) error { return link.Run(ctx, m.mgr) })
		now := m.next(t).term
		require.Greater(t, now.Token(), token)
		token = now.Token()
		require.NoError(t, admin.CoordinationV1().Leases(namespace).Delete(t.Context(), "lock", metav1.DeleteOptions{}))
		err := await(t, m.result, "the manager ends")
		require.ErrorIs(t, err, leaderelection.ErrLeadershipLost)
		require.ErrorIs(t, err, leaderelection.ErrDeleted)
		require.False(t, now.Valid())
		link = m.follow(t, cfg, namespace, nil)
	}
}

// A manager whose drain takes too long for it, though not for the lock.
func TestManagerThatDoesNotJoinKeepsTheLock(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	makeConfigMap(t, namespace, "one")
	m, link := newManaged(t, a, cfg, namespace, "first", func(_ *leaderelection.ManagerLink, o *manager.Options) {
		o.GracefulShutdownTimeout = new(100 * time.Millisecond)
		o.LeaderElectionReleaseOnCancel = true
	})
	m.hold = make(chan struct{})
	m.start(t, func(ctx context.Context) error { return link.Run(ctx, m.mgr) })
	held := m.next(t)
	m.stop()
	err := await(t, m.result, "the manager ends")
	require.ErrorContains(t, err, "mend: Options.GracefulShutdownTimeout = -1")
	(&term{Term: held.term}).renewed(t)
	require.Equal(t, "first", *getLease(t, newClient(t, cfg), namespace).Spec.HolderIdentity)
	close(m.hold)
}

// Forgotten options must not make everybody lead.
func TestManagerThatIsNotElectedIsStopped(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	for name, change := range map[string]func(*leaderelection.ManagerLink, *manager.Options){
		"no election": func(_ *leaderelection.ManagerLink, o *manager.Options) { o.LeaderElection = false },
		"its own": func(_ *leaderelection.ManagerLink, o *manager.Options) {
			o.LeaderElectionResourceLockInterface = nil
			o.LeaderElectionID, o.LeaderElectionNamespace = "own", namespace
			o.LeaderElectionConfig = cfg // the gate would stop it
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, link := newManaged(t, a, cfg, namespace, "first", change)
			m.start(t, func(ctx context.Context) error { return link.Run(ctx, m.mgr) })
			require.ErrorContains(t, await(t, m.result, "the manager ends"), "mend: Options.LeaderElection = true")
			require.Equal(t, "idle", m.elector.Status().Phase)
		})
	}
}

// With the lock alone a manager drains before the release, too. A loss ends it
// as controller-runtime ends then, but within the bound of its own timings.
func TestManagerWithALockAlone(t *testing.T) {
	cfg, namespace, a := plane.Get(t).Config(), plane.Namespace(t), newArena(t)
	makeConfigMap(t, namespace, "one")
	alone := func(name string, hold chan struct{}) *managed {
		m, _ := newManaged(t, a, cfg, namespace, name, nil)
		_ = m.follow(t, cfg, namespace, func(_ *leaderelection.ManagerLink, o *manager.Options) {
			o.LeaderElectionResourceLockInterface = m.elector.ManagerLock()
			o.BaseContext, o.LeaderElectionReleaseOnCancel = nil, true
			o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = new(900*time.Millisecond), new(400*time.Millisecond), new(80*time.Millisecond)
		})
		m.hold = hold
		m.start(t, m.mgr.Start)
		return m
	}
	hold := make(chan struct{})
	first := alone("first", hold)
	held := first.next(t)
	second := alone("second", make(chan struct{}))
	second.standsBy(t, "first")
	first.stop()
	require.NoError(t, await(t, held.ended, "Reconcile is cancelled").refuse, "what drains may write")
	require.True(t, first.elector.IsLeader())
	require.Empty(t, second.reconciles)
	released := time.Now()
	close(hold)
	held = second.next(t)
	t.Logf("the next manager reconciles %v after the last Reconcile has returned", held.began.Sub(released))
	require.NoError(t, await(t, first.result, "the first ends"))

	lost := time.Now()
	require.NoError(t, newClient(t, cfg).CoordinationV1().Leases(namespace).Delete(t.Context(), "lock", metav1.DeleteOptions{}))
	end := await(t, held.ended, "Reconcile is cancelled")
	t.Logf("Reconcile is cancelled %v after the loss", end.at.Sub(lost))
	require.ErrorIs(t, end.refuse, leaderelection.ErrNoTerm)
	require.ErrorContains(t, await(t, second.result, "the second ends"), "leader election lost")
	require.Equal(t, "draining", second.elector.Status().Phase, "it joined nothing: so it does not lead again")
	close(second.hold)
}

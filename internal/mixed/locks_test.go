package mixed_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	clientgo "k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/regent-ha/regent/lock"
)

// The timings of those who use a lock of Regent's.
const (
	leaseDuration = 5 * time.Second
	renewDeadline = 3 * time.Second
	retryPeriod   = time.Second
)

// Regent's locks serve others' electors: they elect, hand over, and keep what
// is no record's.
func TestMixedLocksServeOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	cfg := plane.Get(t).Config()
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	require.NoError(t, err)
	log.SetLogger(logr.Discard())
	electors := map[string]func(context.Context, *testing.T, resourcelock.Interface, chan<- string){
		"client-go": clientGo,
		"controller-runtime": func(ctx context.Context, t *testing.T, rl resourcelock.Interface, leads chan<- string) {
			mgr, err := manager.New(cfg, manager.Options{
				LeaderElection: true, LeaderElectionResourceLockInterface: rl, LeaderElectionReleaseOnCancel: true,
				LeaseDuration: new(leaseDuration), RenewDeadline: new(renewDeadline), RetryPeriod: new(retryPeriod),
				Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
			})
			if assert.NoError(t, err) && assert.NoError(t, mgr.Add(manager.RunnableFunc(work(rl.Identity(), leads)))) {
				assert.NoError(t, mgr.Start(ctx))
			}
		},
	}
	for name, elect := range electors {
		for _, kind := range []lock.Kind{lock.KindLease, lock.KindConfigMap, lock.KindMulti} {
			t.Run(name+" on "+string(kind), func(t *testing.T) {
				t.Parallel()
				namespace := plane.Namespace(t)
				requireTheirs := theirs(t, client, namespace)
				leads := make(chan string, 10)
				run := func(identity string) (stop func()) {
					rl := newLock(t, client, kind, namespace, identity)
					ctx, cancel := context.WithCancel(context.Background())
					ended := make(chan struct{})
					go func() {
						defer close(ended)
						elect(ctx, t, rl, leads)
					}()
					stop = func() {
						cancel()
						<-ended
					}
					t.Cleanup(stop)
					return stop
				}
				stop := run("one")
				require.Equal(t, "one leads", receive(t, leads))
				run("two")
				requireTheirs()
				stop()
				require.Equal(t, "one stops", receive(t, leads))
				require.Equal(t, "two leads", receive(t, leads))
				requireTheirs()
				held, _, err := newLock(t, client, kind, namespace, "").Get(t.Context())
				require.NoError(t, err)
				require.Equal(t, "two", held.HolderIdentity)
				require.Equal(t, 5, held.LeaseDurationSeconds)
				require.Positive(t, held.LeaderTransitions)
			})
		}
	}
}

func clientGo(ctx context.Context, t *testing.T, rl resourcelock.Interface, leads chan<- string) {
	elector, err := clientgo.NewLeaderElector(clientgo.LeaderElectionConfig{
		Lock: rl, LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, ReleaseOnCancel: true,
		Callbacks: clientgo.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { _ = work(rl.Identity(), leads)(ctx) },
			OnStoppedLeading: func() {},
		},
	})
	if assert.NoError(t, err) {
		elector.Run(ctx)
	}
}

func work(identity string, leads chan<- string) func(context.Context) error {
	return func(ctx context.Context) error {
		leads <- identity + " leads"
		<-ctx.Done()
		leads <- identity + " stops"
		return nil
	}
}

func receive(t *testing.T, leads <-chan string) string {
	t.Helper()
	select {
	case what := <-leads:
		return what
	case <-time.After(time.Minute):
		return "nothing in a minute"
	}
}

// identified is a lock of Regent's that others can hold.
type identified interface {
	lock.Lock
	resourcelock.Interface
}

func newLock(t *testing.T, client kubernetes.Interface, kind lock.Kind, namespace, identity string) resourcelock.Interface {
	t.Helper()
	lease, err := lock.NewLease(lock.LeaseConfig{Client: client.CoordinationV1(), Namespace: namespace, Name: "lock", Identity: identity})
	require.NoError(t, err)
	configMap, err := lock.NewConfigMap(lock.ConfigMapConfig{Client: client.CoreV1(), Namespace: namespace, Name: "lock", Identity: identity})
	require.NoError(t, err)
	multi, err := lock.NewMulti(configMap, lease)
	require.NoError(t, err)
	return map[lock.Kind]identified{lock.KindLease: lease, lock.KindConfigMap: configMap, lock.KindMulti: multi}[kind]
}

// theirs makes a Lease and a ConfigMap, and returns what requires that all in
// them is as it was but the record.
func theirs(t *testing.T, client kubernetes.Interface, namespace string) func() {
	t.Helper()
	meta := metav1.ObjectMeta{
		Name: "lock", Labels: map[string]string{"team": "theirs"}, Annotations: map[string]string{"example.com/note": "theirs"},
		Finalizers: []string{"example.com/keep"},
	}
	leases, maps := client.CoordinationV1().Leases(namespace), client.CoreV1().ConfigMaps(namespace)
	_, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: meta}, metav1.CreateOptions{})
	require.NoError(t, err)
	data := map[string]string{"data": "theirs"}
	_, err = maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: meta, Data: data}, metav1.CreateOptions{})
	require.NoError(t, err)
	return func() {
		t.Helper()
		lease, err := leases.Get(t.Context(), "lock", metav1.GetOptions{})
		require.NoError(t, err)
		configMap, err := maps.Get(t.Context(), "lock", metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, data, configMap.Data)
		for _, object := range []metav1.Object{lease, configMap} {
			require.Equal(t, meta.Labels, object.GetLabels())
			require.Equal(t, "theirs", object.GetAnnotations()["example.com/note"])
			require.Equal(t, meta.Finalizers, object.GetFinalizers())
		}
	}
}

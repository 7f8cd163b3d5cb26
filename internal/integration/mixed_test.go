package integration_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgo "k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

func str(token uint64) string { return strconv.FormatUint(token, 10) }

// clientGo runs client-go's elector on a lock until the returned function
// stops it, which waits.
func clientGo(t *testing.T, a *arena, rl resourcelock.Interface) (leads <-chan struct{}, stop func()) {
	t.Helper()
	led := make(chan struct{}, 10)
	left := make(chan struct{})
	e, err := clientgo.NewLeaderElector(clientgo.LeaderElectionConfig{
		Lock: rl, LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second, ReleaseOnCancel: true,
		Callbacks: clientgo.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				defer close(left)
				a.enter("client-go")
				led <- struct{}{}
				<-ctx.Done()
				a.leave("client-go")
			},
			OnStoppedLeading: func() {},
		},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return led, stop
}

// allowing lets an Elector take part with clients that are no Regents.
func allowing(c *leaderelection.Config) { c.Foreign = leaderelection.ForeignAllow }

// A Lease serves client-go's elector, and a fleet of both hands over both ways.
func TestClientGoRunsOnALeaseBesideRegents(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	client := newClient(t, plane.Get(t).Config())
	own, err := lock.NewLease(lock.LeaseConfig{
		Client: client.CoordinationV1(), Namespace: namespace, Name: "lock", Identity: "client-go", Labels: map[string]string{"app": "mine"},
	})
	require.NoError(t, err)
	leads, stop := clientGo(t, a, own)
	await(t, leads, "client-go's elector leads")
	lease := getLease(t, client, namespace)
	require.Equal(t, "client-go", *lease.Spec.HolderIdentity)
	require.Equal(t, "mine", lease.Labels["app"])

	regent := start(t, a, newLease(t, client, namespace), "regent", allowing)
	eventually(t, "Regent sees the holder", func() bool { return regent.Status().Holder == "client-go" })
	require.False(t, regent.IsLeader())
	stop() // releases in client-go's form
	first := regent.leads(t)
	token := getLease(t, client, namespace).Annotations[lock.TokenAnnotation]
	require.Equal(t, str(first.Token()), token)

	leads, stop = clientGo(t, a, own)
	regent.stop()
	await(t, leads, "client-go's elector leads after a Regent")
	require.Equal(t, token, getLease(t, client, namespace).Annotations[lock.TokenAnnotation], "it keeps the token")
	stop()
	second := start(t, a, newLease(t, client, namespace), "regent-2", allowing).leads(t)
	require.Greater(t, second.Token(), first.Token())
}

// client-go's own lock, without watch, UID and token, elects all the same.
func TestFromResourceLockElects(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	client := newClient(t, plane.Get(t).Config())
	foreign := func(identity string) lock.Lock {
		l, err := lock.FromResourceLock(&resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: namespace, Name: "lock"}, Client: client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		})
		require.NoError(t, err)
		return l
	}
	one := start(t, a, foreign("one"), "one", allowing)
	first := one.leads(t)
	two := start(t, a, foreign("two"), "two", allowing)
	eventually(t, "two sees one", func() bool { return two.Status().Holder == "one" })
	first.renewed(t)
	one.stop()
	second := two.leads(t)
	require.Greater(t, second.Token(), first.Token())
	require.Equal(t, "two", *getLease(t, client, namespace).Spec.HolderIdentity)
}

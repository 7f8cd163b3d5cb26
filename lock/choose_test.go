package lock_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// kooperNow is kooper's record, renewed just now.
func kooperNow(cm *corev1.ConfigMap) {
	leader(`{"holderIdentity":"kooper","leaseDurationSeconds":15,"renewTime":"` + time.Now().UTC().Format(time.RFC3339) + `"}`)(cm)
}

// One answer of 403 or 404 does not decide for the life of the process.
func TestNewLooksAgainWithEachWatch(t *testing.T) {
	for name, refusal := range map[string]error{
		"forbidden": apierrors.NewForbidden(corev1.Resource("configmaps"), "lock", errors.New("not yet")),
		"not found": apierrors.NewNotFound(corev1.Resource("configmaps"), "lock"),
	} {
		for kind, both := range map[lock.Kind]bool{"": true, lock.KindLease: false} {
			t.Run(name+" for "+string(kind), func(t *testing.T) {
				l, _, configMaps := newKind(t, kind)
				configMaps.edit(kooperNow)
				configMaps.fail(refusal)
				_, err := l.Read(t.Context())
				require.ErrorIs(t, err, lock.ErrNotFound)
				configMaps.fail(nil)
				_, err = l.Watch(t.Context(), "")
				require.ErrorIs(t, err, lock.ErrExpired, "so that it is read anew")
				s, err := l.Read(t.Context())
				if both {
					require.NoError(t, err)
					require.Equal(t, "kooper", s.Holder)
				} else {
					require.ErrorIs(t, err, lock.ErrConfigMapHeld)
				}
			})
		}
	}
}

// slow answers the first two questions when it is told to.
type slow struct {
	configMaps
	calls *atomic.Int32
	gates [2]chan error
}

func (s slow) ConfigMaps(string) corev1client.ConfigMapInterface { return s }

func (s slow) Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.ConfigMap, error) {
	if n := s.calls.Add(1); n <= 2 {
		if err := <-s.gates[n-1]; err != nil {
			return nil, err
		}
	}
	return s.configMaps.Get(ctx, name, o)
}

// The core reads again each RetryPeriod while an answer is due: two first Reads
// choose each for itself, and the later answer wins.
func TestNewChoosesOnce(t *testing.T) {
	cms := slow{newConfigMaps(), new(atomic.Int32), [2]chan error{make(chan error), make(chan error)}}
	cms.edit(kooperNow)
	l, err := lock.New(lock.Config{Leases: newLeases(), ConfigMaps: cms, Namespace: "default", Name: "lock"})
	require.NoError(t, err)
	first, second := make(chan lock.Snapshot, 1), make(chan lock.Snapshot, 1)
	get := func(to chan lock.Snapshot) {
		s, _ := l.Read(context.Background())
		to <- s
	}
	for i, to := range []chan lock.Snapshot{first, second} {
		go get(to)
		require.Eventually(t, func() bool { return int(cms.calls.Load()) == i+1 }, 20*time.Second, time.Millisecond)
	}
	cms.gates[1] <- nil // the ConfigMap is there by now
	s := <-second
	require.Equal(t, "kooper", s.Holder)
	cms.gates[0] <- apierrors.NewNotFound(corev1.Resource("configmaps"), "lock") // a late answer
	<-first
	require.Equal(t, "configmap default/lock and lease default/lock", l.String())
	_, err = l.Swap(t.Context(), s, locktest.Sample("x", "x-1"))
	if err != nil { // the fakes have no common order
		require.NotContains(t, err.Error(), "of another lock")
	}
}

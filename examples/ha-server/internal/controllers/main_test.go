package controllers_test

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/examples/ha-server/internal/controllers"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
)

var plane cptest.Shared

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// cluster is a namespace of the real API server.
type cluster struct {
	namespace string
	objects   corev1client.ConfigMapInterface
	accounts  corev1client.ServiceAccountInterface
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	namespace := plane.Namespace(t)
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	return cluster{namespace, client.CoreV1().ConfigMaps(namespace), client.CoreV1().ServiceAccounts(namespace)}
}

func (c cluster) create(t *testing.T, name, ttl string) *corev1.ConfigMap {
	t.Helper()
	object, err := c.objects.Create(t.Context(), space.Request{Name: name, Owner: "ann", TTL: ttl}.Object(), metav1.CreateOptions{})
	require.NoError(t, err)
	return object
}

// await waits until an object is as wanted; nil stands for one that is gone.
func (c cluster) await(t *testing.T, name string, wanted func(*corev1.ConfigMap) bool) *corev1.ConfigMap {
	t.Helper()
	changes, err := c.objects.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	require.NoError(t, err)
	defer changes.Stop()
	for event := range changes.ResultChan() {
		object, ok := event.Object.(*corev1.ConfigMap)
		require.True(t, ok, event)
		if event.Type == watch.Deleted {
			object = nil
		}
		if wanted(object) {
			return object
		}
	}
	require.Fail(t, "the watch has ended")
	return nil
}

func ready(object *corev1.ConfigMap) bool {
	return object != nil && object.Annotations[space.ReadyAnnotation] == "true"
}

func gone(object *corev1.ConfigMap) bool { return object == nil }

// lead runs a controller in a term, with a client behind a gate, as the example
// does, until the returned function is called.
func (c cluster) lead(t *testing.T, token uint64, of func(controllers.Config) *controller.Controller) (end func()) {
	t.Helper()
	gated := rest.CopyConfig(plane.Get(t).Config())
	gated.Wrap(leaderelection.Gate)
	client, err := kubernetes.NewForConfig(gated)
	require.NoError(t, err)
	ctrl := of(controllers.Config{Client: client, Namespace: c.namespace, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error)
	term := leaderelection.NewTerm(leaderelection.TermConfig{Token: token, Done: ctx.Done()})
	go func() {
		defer close(ran)
		ran <- ctrl.Run(leaderelection.WithTerm(ctx, term))
	}()
	end = func() {
		cancel()
		require.NoError(t, <-ran) // nil, once it has been read
	}
	t.Cleanup(end)
	return end
}

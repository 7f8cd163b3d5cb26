package integration_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/regent-ha/regent/leaderelection"
)

// gated is a configuration whose clients, the lock's included, write only in a
// valid term.
func gated(t *testing.T) *rest.Config {
	cfg := rest.CopyConfig(plane.Get(t).Config())
	cfg.Wrap(leaderelection.Gate)
	return cfg
}

func configMap(namespace, name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// Whatever the client, it writes in a term and nowhere else.
func TestGateServesEachClient(t *testing.T) {
	namespace, a, cfg := plane.Namespace(t), newArena(t), gated(t)
	typed, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	maps := typed.CoreV1().ConfigMaps(namespace)
	objects, err := client.New(cfg, client.Options{})
	require.NoError(t, err)
	writes := map[string]func(context.Context) error{
		"create": func(ctx context.Context) error {
			_, err := maps.Create(ctx, configMap(namespace, "a"), metav1.CreateOptions{})
			return err
		},
		"server-side apply": func(ctx context.Context) error {
			_, err := maps.Apply(ctx, applycorev1.ConfigMap("b", namespace), metav1.ApplyOptions{FieldManager: "test"})
			return err
		},
		"patch": func(ctx context.Context) error {
			_, err := maps.Patch(ctx, "kube-root", types.MergePatchType, []byte(`{"data":{"a":"b"}}`), metav1.PatchOptions{})
			return err
		},
		"delete": func(ctx context.Context) error {
			return maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "none=such"})
		},
		"controller-runtime create": func(ctx context.Context) error { return objects.Create(ctx, configMap(namespace, "c")) },
		"controller-runtime apply": func(ctx context.Context) error {
			return objects.Apply(ctx, applycorev1.ConfigMap("d", namespace), client.FieldOwner("test"))
		},
	}
	_, err = plainClient(t).CoreV1().ConfigMaps(namespace).Create(t.Context(), configMap(namespace, "kube-root"), metav1.CreateOptions{})
	require.NoError(t, err)
	refuseAll := func(ctx context.Context) {
		for name, write := range writes {
			require.ErrorIs(t, write(ctx), leaderelection.ErrNoTerm, name)
		}
	}
	refuseAll(t.Context())

	leader := start(t, a, newLease(t, newClient(t, cfg), namespace), "leader", nil)
	led := leader.leads(t)
	ctx := leaderelection.WithTerm(t.Context(), led.Term)
	for name, write := range writes {
		require.NoError(t, write(ctx), name)
	}
	led.renewed(t)
	refuseAll(t.Context())
	leader.stop()
	refuseAll(ctx)
	list, err := maps.List(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, list.Items, 5)
}

// Reading, watching and telling need no term.
func TestGateLetsInformersAndEventsThrough(t *testing.T) {
	namespace := plane.Namespace(t)
	typed, err := kubernetes.NewForConfig(gated(t))
	require.NoError(t, err)
	factory := informers.NewSharedInformerFactoryWithOptions(typed, 0, informers.WithNamespace(namespace))
	store := factory.Core().V1().ConfigMaps().Informer().GetStore()
	ctx, cancel := context.WithCancel(t.Context())
	defer factory.Shutdown()
	defer cancel()
	factory.StartWithContext(ctx)
	made, err := plainClient(t).CoreV1().ConfigMaps(namespace).Create(t.Context(), configMap(namespace, "a"), metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the informer sees it", func() bool { return len(store.ListKeys()) == 1 })

	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: typed.CoreV1().Events(namespace)})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "test"})
	for range 2 { // the second is a patch of the first
		recorder.Event(made, corev1.EventTypeNormal, "Tested", "it works")
	}
	eventually(t, "both events arrive", func() bool {
		events, err := typed.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
		return err == nil && len(events.Items) == 1 && events.Items[0].Count == 2
	})
}

// plainClient is not gated.
func plainClient(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	c, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	return c
}

package controller_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"

	"github.com/regent-ha/regent/controller"
)

// The API server, not this test, says what the events of owned objects are: of
// a typed client, whose first list is streamed, and of one for metadata alone.
func TestRelationsOnARealServer(t *testing.T) {
	cfg := plane.Get(t).Config()
	client, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	metadatas, err := metadata.NewForConfig(cfg)
	require.NoError(t, err)
	for name, retrieve := range map[string]func(namespace string) controller.Retriever{
		"typed": func(namespace string) controller.Retriever {
			return controller.Retrieve(client.CoreV1().ServiceAccounts(namespace))
		},
		"metadata": func(namespace string) controller.Retriever {
			return controller.Retrieve(metadatas.Resource(corev1.SchemeGroupVersion.WithResource("serviceaccounts")).Namespace(namespace))
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := plane.Namespace(t)
			spaces, accounts := client.CoreV1().ConfigMaps(namespace), client.CoreV1().ServiceAccounts(namespace)
			space, err := spaces.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "space"}}, metav1.CreateOptions{})
			require.NoError(t, err)
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
				Name:            "account",
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(space, corev1.SchemeGroupVersion.WithKind("ConfigMap"))},
			}}

			// The handler makes what is missing, as a controller does.
			made := make(chan string, 10)
			relating := owning(retrieve(namespace))
			relating.ResyncInterval = 24 * time.Hour
			ctrl := controller.New(relating, controller.HandlerOf(func(ctx context.Context, _ *corev1.ConfigMap) error {
				if _, err := accounts.Get(ctx, account.Name, metav1.GetOptions{}); err == nil {
					return nil
				}
				a, err := accounts.Create(ctx, account, metav1.CreateOptions{})
				if err == nil {
					made <- string(a.UID)
				}
				return err
			}), controller.Retrieve(spaces), nil, nil, logger)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- ctrl.Run(ctx) }()
			seen := make(map[string]bool)
			for range 3 {
				select {
				case uid := <-made:
					require.False(t, seen[uid])
					seen[uid] = true
				case <-ctx.Done():
					require.Fail(t, "the space has not got its account back")
				}
				require.NoError(t, accounts.Delete(ctx, account.Name, metav1.DeleteOptions{}))
			}
			cancel()
			require.NoError(t, <-done)
		})
	}
}

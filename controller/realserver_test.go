package controller_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// plane is the one control plane of the tests that need a real one.
var plane cptest.Shared

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// counted counts the requests for all objects: lists, and watches that begin
// with one.
type counted struct {
	controller.Retriever
	lists, watches atomic.Int32
}

func (c *counted) List(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
	c.lists.Add(1)
	return c.Retriever.List(ctx, opts)
}

func (c *counted) Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	if opts.SendInitialEvents != nil && *opts.SendInitialEvents {
		c.lists.Add(1)
	}
	c.watches.Add(1)
	return c.Retriever.Watch(ctx, opts)
}

// IsWatchListSemanticsUnSupported answers as the Retriever below does, so that
// the first list is streamed.
func (c *counted) IsWatchListSemanticsUnSupported() bool {
	return c.Retriever.(interface{ IsWatchListSemanticsUnSupported() bool }).IsWatchListSemanticsUnSupported()
}

func TestPromotionsOnARealServerListNothing(t *testing.T) {
	const objects, promotions = 50, 5
	namespace, cfg := plane.Namespace(t), plane.Get(t).Config()
	client, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	configMaps := client.CoreV1().ConfigMaps(namespace)
	for i := range objects {
		_, err := configMaps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("object-", i)}}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	electionClient, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	require.NoError(t, err)
	elector, err := leaderelection.NewDefault("warm", namespace, electionClient, logger)
	require.NoError(t, err)

	handled, from := make(chan string, 10*objects), &counted{Retriever: controller.Retrieve(configMaps)}
	ctrl := controller.New(nil, controller.HandlerOf(func(ctx context.Context, o *corev1.ConfigMap) error {
		term, _ := leaderelection.TermFromContext(ctx)
		handled <- fmt.Sprint(o.Name, o.Data["v"], " in ", term.Token())
		return nil
	}), from, nil, nil, logger)
	ctx, cancel := context.WithCancel(t.Context())
	warm, campaign := make(chan error, 1), make(chan error, 1)
	go func() { warm <- ctrl.Warm(ctx) }()
	for range promotions {
		term, end := context.WithCancel(ctx)
		go func() { campaign <- elector.Run(term, ctrl.Run) }()
		seen := make(map[string]bool)
		for len(seen) < objects {
			seen[<-handled] = true // in this term each object once
		}
		require.Contains(t, seen, fmt.Sprint("object-0", " in ", elector.Status().Token))
		end()
		require.NoError(t, <-campaign)
		require.Empty(t, handled)
	}
	require.EqualValues(t, 1, from.lists.Load(), "lists, streamed ones included")
	require.EqualValues(t, 1, from.watches.Load())
	cancel()
	require.NoError(t, <-warm)
}

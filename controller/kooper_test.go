package controller_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// What kooper's page on leader election leaves out of its snippets.
var (
	k8scli = fake.NewClientset()
	logger = slog.New(slog.DiscardHandler)
	cfg    = &controller.Config{Name: "my-controller", ConcurrentWorkers: 2, ResyncInterval: time.Minute, ProcessingJobRetries: 3}
	hand   = controller.HandlerOf(func(context.Context, *corev1.Pod) error { return nil })
	retr   = controller.Retrieve(k8scli.CoreV1().Pods(""))
)

// Kooper's snippet, with another import path. Kubernetes accepts no namespace of
// that name, which kooper finds out later. Ignoring the error makes nobody lead.
func Example_kooperDefault() {
	lesvc, err := leaderelection.NewDefault("my-controller", "myControllerNS", k8scli, logger)
	ctrl := controller.New(cfg, hand, retr, lesvc, nil, logger)

	fmt.Println(err != nil, errors.Is(ctrl.Run(context.Background()), leaderelection.ErrNilElector))
	// Output: true true
}

// Kooper's snippet, with another import path and the commas that it lacks.
func Example_kooperLockConfig() {
	rlCfg := &leaderelection.LockConfig{
		LeaseDuration: 20 * time.Second,
		RenewDeadline: 12 * time.Second,
		RetryPeriod:   3 * time.Second,
	}
	lesvc, err := leaderelection.New("my-controller", "myControllerNS", rlCfg, k8scli, logger)

	ctrl := controller.New(cfg, hand, retr, lesvc, nil, logger)
	fmt.Println(err != nil, errors.Is(ctrl.Run(context.Background()), leaderelection.ErrNilElector))
	// Output: true true
}

// "If this service is a nil object the controller will fallback to a regular
// controller mode", as have always the two other constructors.
func Example_kooperPlain() {
	regular := controller.New(cfg, hand, retr, nil, nil, logger)
	sequential := controller.NewSequential(30*time.Second, hand, retr, nil, logger)
	concurrent, err := controller.NewConcurrent(5, 30*time.Second, hand, retr, nil, logger)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, ctrl := range []*controller.Controller{regular, sequential, concurrent} {
		fmt.Println(ctrl.Run(ctx))
	}
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// <nil>
}

func TestKoopersSnippetsInANamespaceThatCanBe(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, rlCfg := range map[string]*leaderelection.LockConfig{
		"default": nil,
		"safe":    {LeaseDuration: 20 * time.Second, RenewDeadline: 12 * time.Second, RetryPeriod: 3 * time.Second},
	} {
		lesvc, err := leaderelection.New("my-controller", "my-controller-ns", rlCfg, k8scli, logger)
		require.NoError(t, err, name)
		require.NoError(t, controller.New(cfg, hand, retr, lesvc, nil, logger).Run(ended), name)
	}
}

package controllers

import (
	"context"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// Config is what the controllers have in common.
type Config struct {
	// Client should be wrapped by leaderelection.Gate.
	Client    kubernetes.Interface
	Namespace string
	// DrainTimeout is how long handlers may go on at a shutdown.
	DrainTimeout time.Duration
	Metrics      controller.MetricsRecorder
	Logger       *slog.Logger
}

// controller makes a controller of a handler of spaces.
func (c Config) controller(name string, handle func(context.Context, *corev1.ConfigMap) error) *controller.Controller {
	return controller.New(&controller.Config{Name: name, DrainTimeout: c.DrainTimeout},
		controller.HandlerOf(handle), controller.Retrieve(spaces{c.objects()}), nil, c.Metrics, c.Logger)
}

func (c Config) objects() corev1client.ConfigMapInterface {
	return c.Client.CoreV1().ConfigMaps(c.Namespace)
}

// spaces lists and watches the ConfigMaps that are spaces.
type spaces struct {
	objects corev1client.ConfigMapInterface
}

func (s spaces) List(ctx context.Context, o metav1.ListOptions) (*corev1.ConfigMapList, error) {
	o.LabelSelector = space.Selector
	return s.objects.List(ctx, o)
}

func (s spaces) Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	o.LabelSelector = space.Selector
	return s.objects.Watch(ctx, o)
}

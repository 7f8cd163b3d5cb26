package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/regent-ha/regent/controller"
)

// pods is a Retriever of two pods that do not change.
type pods struct{}

func (pods) List(context.Context, metav1.ListOptions) (runtime.Object, error) {
	list := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: make([]corev1.Pod, 2)}
	list.Items[0].Name, list.Items[1].Name = "good", "bad"
	return list, nil
}

func (pods) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	return watch.NewRaceFreeFake(), nil
}

func TestRunOfAController(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry, recorder := newRegistry(t)
		cfg := &controller.Config{
			Name: "pods", ConcurrentWorkers: 1, ResyncInterval: time.Hour,
			ProcessingJobRetries: 1, RetryBaseDelay: 4 * time.Second,
		}
		handler := controller.HandlerOf(func(_ context.Context, pod *corev1.Pod) error {
			if pod.Name == "bad" {
				return errors.New("bad")
			}
			time.Sleep(3 * time.Second)
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- controller.New(cfg, handler, pods{}, nil, recorder, slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		check := func(want map[string]float64) {
			synctest.Wait()
			for name, v := range want {
				require.InDelta(t, v, value(t, registry, name, "pods"), 1e-9, "%s at %v", name, time.Now())
			}
		}
		time.Sleep(time.Minute)
		check(map[string]float64{
			"leading": 1, "queue_depth": 0, "handlers_in_flight": 0,
			"retries_total": 1, "given_up_total": 1, "retry_delay_seconds": 4, "drained_total": 0,
		})
		time.Sleep(time.Hour - time.Minute + time.Second) // a resync; good is being handled
		check(map[string]float64{"handlers_in_flight": 1})
		stop()
		require.NoError(t, <-ended)
		check(map[string]float64{
			"leading": 0, "queue_depth": 0, "handlers_in_flight": 0,
			"drained_total": 1, "drain_seconds": 2, "overruns_total": 0,
		})
	})
}

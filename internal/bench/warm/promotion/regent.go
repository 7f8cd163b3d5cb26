package promotion

import (
	"context"
	"errors"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/internal/bench/warm/outcome"
	"github.com/regent-ha/regent/leaderelection"
)

// regent is a Controller whose Run is called once per term.
type regent struct {
	name    outcome.Kind
	elector *leaderelection.Elector
	ctrl    *controller.Controller
	from    *counted
	tally   *tally

	cancel context.CancelFunc
	warm   chan error // what Warm returned; nil: it is not called
}

var _ candidate = (*regent)(nil)

func newRegent(cfg *rest.Config, kind outcome.Kind, lockName string, objects int) (*regent, error) {
	elector, err := newElector(cfg, lockName)
	if err != nil {
		return nil, err
	}
	client, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	r := &regent{name: kind, elector: elector, tally: newTally(objects), from: &counted{Retriever: controller.Retrieve(client.CoreV1().Pods(""))}}
	r.ctrl = controller.New(&controller.Config{ConcurrentWorkers: workers}, controller.HandlerOf(func(_ context.Context, pod *corev1.Pod) error {
		r.tally.handle(time.Now(), pod.Name)
		return nil
	}), r.from, nil, nil, slog.New(slog.DiscardHandler))
	return r, nil
}

// keepWarm begins a Warm, and waits until it has synced.
func (r *regent) keepWarm(ctx context.Context) error {
	ctx, r.cancel = context.WithCancel(ctx)
	r.warm = make(chan error, 1)
	go func() { r.warm <- r.ctrl.Warm(ctx) }()
	return until(ctx, func() bool { return r.ctrl.Check(nil) == nil })
}

func (r *regent) kind() outcome.Kind { return r.name }

func (r *regent) lists() (int, bool) { return int(r.from.n.Load()), true }

func (r *regent) promote(ctx context.Context) (took, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	r.tally.reset()
	ended := make(chan error, 1)
	go func() {
		ended <- r.elector.Run(ctx, func(ctx context.Context) error {
			r.tally.lead()
			return r.ctrl.Run(ctx)
		})
	}()
	d, err := r.tally.wait(ctx, ended)
	if errors.Is(err, errEnded) {
		return d, err
	}
	end()
	return d, errors.Join(err, <-ended)
}

func (r *regent) close() error {
	if r.warm == nil {
		return nil
	}
	r.cancel()
	return <-r.warm
}

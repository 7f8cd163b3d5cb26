package promotion

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/internal/bench/warm/outcome"
	"github.com/regent-ha/regent/leaderelection"
)

// floor is what no controller can beat: a goroutine that waits for the election
// with all objects in a map, and handles a copy of each in turn.
type floor struct {
	elector *leaderelection.Elector
	objects map[string]*corev1.Pod
	tally   *tally
}

var _ candidate = (*floor)(nil)

func newFloor(ctx context.Context, cfg *rest.Config, objects int) (*floor, error) {
	elector, err := newElector(cfg, "floor")
	if err != nil {
		return nil, err
	}
	client, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	list, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	f := &floor{elector: elector, objects: make(map[string]*corev1.Pod, objects), tally: newTally(objects)}
	for i := range list.Items {
		f.objects[list.Items[i].Name] = &list.Items[i]
	}
	return f, nil
}

func (*floor) kind() outcome.Kind { return outcome.Floor }

func (*floor) lists() (int, bool) { return 0, false }

func (f *floor) promote(ctx context.Context) (took, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	f.tally.reset()
	elected, worked, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(worked)
		select {
		case <-elected:
			f.work()
		case <-ctx.Done():
		}
	}()
	go func() {
		ended <- f.elector.Run(ctx, func(ctx context.Context) error {
			f.tally.lead()
			close(elected)
			<-ctx.Done()
			return nil
		})
	}()
	d, err := f.tally.wait(ctx, ended)
	if errors.Is(err, errEnded) {
		return d, err
	}
	end()
	<-worked
	return d, errors.Join(err, <-ended)
}

func (f *floor) work() {
	for name, o := range f.objects {
		_ = o.DeepCopy()
		f.tally.handle(time.Now(), name)
	}
}

func (*floor) close() error { return nil }

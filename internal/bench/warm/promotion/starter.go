package promotion

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// starter is client-go's lock, which holds its first reader back until it is
// opened: a candidate that stands by, without another that leads.
type starter struct {
	resourcelock.Interface
	open    func()
	reached chan struct{} // closed by the first reader
	reach   func()
	opened  chan struct{}
}

func newStarter(cfg *rest.Config, name string) (*starter, error) {
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	s := &starter{reached: make(chan struct{}), opened: make(chan struct{}), Interface: &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: name},
	}}
	s.open = sync.OnceFunc(func() { close(s.opened) })
	s.reach = sync.OnceFunc(func() { close(s.reached) })
	return s, nil
}

// Get implements resourcelock.Interface.
func (s *starter) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	s.reach()
	select {
	case <-s.opened:
		return s.Interface.Get(ctx)
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

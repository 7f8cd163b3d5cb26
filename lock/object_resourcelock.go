package lock

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// A Lease, a ConfigMap and a Multi also serve client-go's elector, and
// controller-runtime's through Options.LeaderElectionResourceLockInterface.
// What Regent promises beyond them does not hold there: that elector counts its
// deadline from the reply, polls, ends its work late and ends the process. The
// methods below keep its state, so one lock serves one elector of client-go
// and, like client-go's own locks, one goroutine.
var (
	_ resourcelock.Interface = (*Lease)(nil)
	_ resourcelock.Interface = (*ConfigMap)(nil)
	_ resourcelock.Interface = (*Multi)(nil)
)

var errNotRead = errors.New("lock: Update before Get or Create; mend: call one of them first")

// Get implements resourcelock.Interface.
func (o *object[T]) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	stored, err := o.client().Get(ctx, o.name, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	o.remember(stored)
	return o.form.get(stored)
}

// Create implements resourcelock.Interface.
func (o *object[T]) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	fresh := o.fresh()
	if err := o.form.set(fresh, record); err != nil {
		return err
	}
	o.label(fresh)
	stored, err := o.client().Create(ctx, fresh, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	o.remember(stored)
	return nil
}

// Update implements resourcelock.Interface.
func (o *object[T]) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	last, ok := o.recall()
	if !ok {
		return errNotRead
	}
	next := last.DeepCopy()
	if err := o.form.set(next, record); err != nil {
		return err
	}
	o.label(next)
	stored, err := o.client().Update(ctx, next, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	o.remember(stored)
	return nil
}

func (o *object[T]) remember(stored T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.used, o.last = true, stored
}

func (o *object[T]) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.used = false
}

func (o *object[T]) recall() (last T, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last, o.used
}

// RecordEvent implements resourcelock.Interface.
func (o *object[T]) RecordEvent(message string) {
	last, ok := o.recall()
	if o.events == nil || !ok {
		return
	}
	subject := &metav1.PartialObjectMetadata{
		TypeMeta:   o.form.kind().TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: o.name, UID: last.GetUID(), ResourceVersion: last.GetResourceVersion()},
	}
	o.events.Eventf(subject, corev1.EventTypeNormal, "LeaderElection", "%s %s", o.identity, message)
}

// Identity implements resourcelock.Interface.
func (o *object[T]) Identity() string { return o.identity }

// Describe implements resourcelock.Interface.
func (o *object[T]) Describe() string { return o.namespace + "/" + o.name }

package candidate

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// Floor is what a hand-over costs at least, whatever elector does it: one
// client empties a Lease by an update, another sees that by a watch, and puts
// its own name in by an update.
type Floor struct {
	from, to coordinationclient.LeaseInterface
	watch    watch.Interface
	lease    *coordinationv1.Lease
}

// NewFloor makes a Lease, and watches it.
func NewFloor(ctx context.Context, from, to *Client, namespace, name string) (*Floor, error) {
	f := &Floor{
		from: from.Set.CoordinationV1().Leases(namespace),
		to:   to.Set.CoordinationV1().Leases(namespace),
	}
	lease, seconds := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}}, int32(15)
	lease.Spec.LeaseDurationSeconds = &seconds
	var err error
	if f.lease, err = f.from.Create(ctx, hold(lease, "first"), metav1.CreateOptions{}); err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	f.watch, err = f.to.Watch(context.WithoutCancel(ctx), metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector(metav1.ObjectNameField, name).String(),
		ResourceVersion: f.lease.ResourceVersion,
	})
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	return f, nil
}

// HandOver does it once.
func (f *Floor) HandOver(ctx context.Context) (time.Duration, error) {
	released := make(chan error, 1)
	free := hold(f.lease, "")
	start := time.Now()
	go func() {
		_, err := f.from.Update(ctx, free, metav1.UpdateOptions{})
		released <- err
	}()
	seen, err := f.emptied(ctx)
	if err != nil {
		return 0, fmt.Errorf("floor: %w", err)
	}
	f.lease, err = f.to.Update(ctx, hold(seen, "next"), metav1.UpdateOptions{})
	took := time.Since(start)
	if err := errors.Join(err, <-released); err != nil {
		return 0, fmt.Errorf("floor: %w", err)
	}
	return took, nil
}

// emptied waits for the watch to show a Lease that nobody holds.
func (f *Floor) emptied(ctx context.Context) (*coordinationv1.Lease, error) {
	for {
		select {
		case e, ok := <-f.watch.ResultChan():
			lease, isLease := e.Object.(*coordinationv1.Lease)
			switch {
			case !ok || !isLease:
				return nil, fmt.Errorf("the watch ended: %v %v", e.Type, e.Object)
			case *lease.Spec.HolderIdentity == "":
				return lease, nil
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// hold returns the Lease with another holder.
func hold(lease *coordinationv1.Lease, holder string) *coordinationv1.Lease {
	lease = lease.DeepCopy()
	now := metav1.NowMicro()
	lease.Spec.HolderIdentity, lease.Spec.RenewTime = &holder, &now
	return lease
}

// Close ends the watch.
func (f *Floor) Close() { f.watch.Stop() }

package main

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/journal"
)

// followLease writes down, until ctx ends, which writes to the lock were
// stored: a leader that has no answer does not know, nor does who audits it.
// Between two watches, which is when the API server is down, some may be
// missed; that is written down, too.
func (t *team) followLease(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(t.plane.Config())
	if err != nil {
		return err
	}
	leases := client.CoordinationV1().Leases(namespace)
	blind := journal.Now()
	for ctx.Err() == nil {
		if t.watchLease(ctx, leases, blind) {
			blind = journal.Now() - uneasy
		}
		_ = wait(ctx, 20*time.Millisecond) // the loop looks at ctx
	}
	return nil
}

// namespace is where the lock is.
const namespace = "default"

// uneasy is for how long before a watch breaks its events may not have come.
const uneasy = time.Second

// watchLease follows the lock until the watch breaks, and reports whether it
// has seen anything. It has been blind for a while.
func (t *team) watchLease(ctx context.Context, leases coordinationclient.LeaseInterface, blind time.Duration) (seen bool) {
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, t.lockName()).String()}
	list, err := leases.List(ctx, only)
	if err != nil {
		return false
	}
	t.say(history.Entry{Kind: history.Blind, Sent: blind})
	for _, lease := range list.Items {
		t.stored(&lease)
	}
	only.ResourceVersion = list.ResourceVersion
	w, err := leases.Watch(ctx, only)
	if err != nil {
		return true
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		if lease, ok := event.Object.(*coordinationv1.Lease); ok {
			t.stored(lease)
		}
	}
	return true
}

// stored notes a version of the lock.
func (t *team) stored(lease *coordinationv1.Lease) {
	spec := lease.Spec
	if spec.HolderIdentity == nil || *spec.HolderIdentity == "" || spec.RenewTime == nil {
		return
	}
	now := journal.Now()
	t.say(history.Entry{At: now, Kind: history.Stored, Replica: *spec.HolderIdentity, Sent: now - time.Since(spec.RenewTime.Time)})
}

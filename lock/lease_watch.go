package lock

import (
	"context"
	"fmt"
	"math/rand/v2"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
)

// Watch implements [Lock]. The API server ends a watch after five to ten
// minutes; the caller starts the next one where this one stopped.
func (l *Lease) Watch(ctx context.Context, version string) (<-chan Event, error) {
	timeout := 300 + rand.Int64N(301) // spread, so that a fleet's watches do not all restart at once
	w, err := l.client().Watch(ctx, metav1.ListOptions{
		FieldSelector:       fields.OneTermEqualSelector(metav1.ObjectNameField, l.cfg.Name).String(),
		ResourceVersion:     version,
		TimeoutSeconds:      &timeout,
		AllowWatchBookmarks: true,
	})
	if err != nil {
		_, err = l.result("watch", nil, err)
		return nil, err
	}
	events := make(chan Event)
	go func() {
		defer close(events)
		defer w.Stop()
		for {
			var raw watch.Event
			var ok bool
			select {
			case raw, ok = <-w.ResultChan():
				if !ok {
					return
				}
			case <-ctx.Done():
				return
			}
			event := l.event(raw)
			select {
			case events <- event:
			case <-ctx.Done():
				return
			}
			if event.Err != nil {
				return
			}
		}
	}()
	return events, nil
}

func (l *Lease) event(raw watch.Event) Event {
	lease, ok := raw.Object.(*coordinationv1.Lease)
	switch {
	case raw.Type == watch.Error:
		_, err := l.result("watch", nil, apierrors.FromObject(raw.Object))
		return Event{Err: err}
	case !ok:
		return Event{Err: fmt.Errorf("watch %s: a %T came instead of a Lease", l, raw.Object)}
	case raw.Type == watch.Bookmark:
		return Event{Bookmark: true, Snapshot: Snapshot{Version: lease.ResourceVersion}}
	default:
		return Event{Snapshot: l.snapshot(lease), Deleted: raw.Type == watch.Deleted}
	}
}

package lock

import (
	"context"
	"fmt"
	"math/rand/v2"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
)

// Watch implements [Lock]. The API server ends a watch after five to ten
// minutes; the caller starts the next one where this one stopped.
func (o *object[T]) Watch(ctx context.Context, version string) (<-chan Event, error) {
	timeout := 300 + rand.Int64N(301) // spread, so that a fleet's watches do not all restart at once
	w, err := o.client().Watch(ctx, metav1.ListOptions{
		FieldSelector:       fields.OneTermEqualSelector(metav1.ObjectNameField, o.name).String(),
		ResourceVersion:     version,
		TimeoutSeconds:      &timeout,
		AllowWatchBookmarks: true,
	})
	if err != nil {
		return nil, o.watchError(err)
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
			event := o.event(raw)
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

func (o *object[T]) watchError(err error) error {
	var none T
	_, err = o.result("watch", none, err)
	return err
}

func (o *object[T]) event(raw watch.Event) Event {
	seen, ok := raw.Object.(T)
	switch {
	case raw.Type == watch.Error:
		return Event{Err: o.watchError(apierrors.FromObject(raw.Object))}
	case !ok:
		return Event{Err: fmt.Errorf("watch %s: a %T came instead of a %s", o, raw.Object, o.form.kind())}
	case raw.Type == watch.Bookmark:
		return Event{Bookmark: true, Snapshot: Snapshot{Version: seen.GetResourceVersion()}}
	default:
		return Event{Snapshot: o.snapshot(seen), Deleted: raw.Type == watch.Deleted}
	}
}

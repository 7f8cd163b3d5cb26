package lock

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// object is a lock in one Kubernetes object: what Lease and ConfigMap share.
type object[T apiObject[T]] struct {
	form      form[T]
	client    func() client[T]
	namespace string
	name      string
	labels    map[string]string
	identity  string
	events    resourcelock.EventRecorder

	mu   sync.Mutex // guards the fields below
	used bool
	last T // what client-go's elector read or wrote last, if used
}

// apiObject is a pointer to an API type.
type apiObject[T any] interface {
	metav1.Object
	DeepCopy() T
}

// client is what a lock needs of a typed client.
type client[T any] interface {
	Get(ctx context.Context, name string, opts metav1.GetOptions) (T, error)
	Create(ctx context.Context, object T, opts metav1.CreateOptions) (T, error)
	Update(ctx context.Context, object T, opts metav1.UpdateOptions) (T, error)
	Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
}

// form is how a kind of object holds a record: all of it but what is Regent's
// own, which is in annotations on any kind.
type form[T any] interface {
	kind() Kind
	resource(namespace string) resource
	fresh(meta metav1.ObjectMeta) T
	// encode and decode are for Regent, and know times by the microsecond.
	encode(object T, record Record)
	decode(object T, lock string) Record
	// get and set are for client-go. raw is what it compares.
	get(object T) (record *resourcelock.LeaderElectionRecord, raw []byte, err error)
	set(object T, record resourcelock.LeaderElectionRecord) error
}

// String names the lock: its kind, namespace and name.
func (o *object[T]) String() string {
	return o.form.kind().noun() + " " + o.namespace + "/" + o.name
}

// Read implements [Lock].
func (o *object[T]) Read(ctx context.Context) (Snapshot, error) {
	stored, err := o.client().Get(ctx, o.name, metav1.GetOptions{})
	return o.result("get", stored, err)
}

// Insert implements [Lock].
func (o *object[T]) Insert(ctx context.Context, record Record) (Snapshot, error) {
	fresh := o.fresh()
	o.encode(fresh, record)
	stored, err := o.client().Create(ctx, fresh, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) {
		err = &apiError{ErrRejected, fmt.Errorf("%w; mend: create the namespace, or name the one that the program runs in", err)}
		return Snapshot{}, fmt.Errorf("create %s: %w", o, err)
	}
	return o.result("create", stored, err)
}

// Swap implements [Lock].
func (o *object[T]) Swap(ctx context.Context, old Snapshot, record Record) (Snapshot, error) {
	read, ok := old.Object.(T)
	if !ok {
		return Snapshot{}, fmt.Errorf("update %s: the snapshot is of another lock (%T); mend: pass what Read or Watch of this lock returned", o, old.Object)
	}
	next := read.DeepCopy() // with its UID and resourceVersion: the server compares both
	if record.Nonce == old.Nonce {
		next.SetAnnotations(encodeList(next.GetAnnotations(), record))
	} else {
		o.encode(next, record)
	}
	stored, err := o.client().Update(ctx, next, metav1.UpdateOptions{})
	return o.result("update", stored, err)
}

func (o *object[T]) fresh() T {
	return o.form.fresh(metav1.ObjectMeta{Namespace: o.namespace, Name: o.name})
}

func (o *object[T]) result(verb string, stored T, err error) (Snapshot, error) {
	if err != nil {
		return Snapshot{}, fmt.Errorf("%s %s: %w", verb, o, o.form.resource(o.namespace).classify(verb, err))
	}
	return o.snapshot(stored), nil
}

func (o *object[T]) snapshot(stored T) Snapshot {
	record := o.form.decode(stored, o.String())
	decodeAnnotations(stored.GetAnnotations(), &record, o.String())
	return Snapshot{
		Record: record, Kind: o.form.kind(), UID: string(stored.GetUID()), Version: stored.GetResourceVersion(), Object: stored,
	}
}

// encode writes the record and leaves the rest of the object alone.
func (o *object[T]) encode(next T, record Record) {
	record.Acquired, record.Renewed = record.Acquired.Truncate(time.Microsecond), record.Renewed.Truncate(time.Microsecond)
	o.form.encode(next, record)
	next.SetAnnotations(encodeAnnotations(next.GetAnnotations(), record))
	o.label(next)
}

func (o *object[T]) label(next T) {
	if len(o.labels) == 0 {
		return
	}
	labels := next.GetLabels()
	if labels == nil {
		labels = make(map[string]string, len(o.labels))
	}
	for k, v := range o.labels {
		labels[k] = v
	}
	next.SetLabels(labels)
}

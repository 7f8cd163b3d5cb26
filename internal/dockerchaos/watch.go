package dockerchaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/lock"
)

// The annotations that the example keeps; see its handler.
const (
	changeAnnotation  = "regent-ha.github.io/change"
	handledAnnotation = "regent-ha.github.io/handled"
)

// witness sees, from this machine, what the API server shows of the lock and of
// the pods of a namespace.
type witness struct {
	leases, pods *watchtools.RetryWatcher

	mu        sync.Mutex // guards the fields below
	renewals  []Renewal
	marks     []Mark
	marked    map[string]Mark // the last of each pod
	published string          // the candidates, as the lock lists them
	ended     bool            // the last pod was seen
}

// lastPod is the name of a pod that is made last.
const lastPod = "last"

// newWitness starts to watch a namespace, in which there must be nothing yet.
func newWitness(ctx context.Context, client kubernetes.Interface, namespace string) (*witness, error) {
	leases, pods := client.CoordinationV1().Leases(namespace), client.CoreV1().Pods(namespace)
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	w := &witness{marked: make(map[string]Mark)}
	if w.leases, err = watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, watchFunc(leases.Watch)); err != nil {
		return nil, err
	}
	w.pods, err = watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, watchFunc(pods.Watch))
	return w, err
}

// watchFunc is a cache.WatcherWithContext.
type watchFunc func(context.Context, metav1.ListOptions) (watch.Interface, error)

var _ cache.WatcherWithContext = watchFunc(nil)

func (f watchFunc) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return f(ctx, options)
}

// run notes what happens until ctx ends.
func (w *witness) run(ctx context.Context) error {
	defer w.pods.Stop()
	defer w.leases.Stop()
	for {
		var event watch.Event
		var ok bool
		select {
		case <-ctx.Done():
			return nil
		case event, ok = <-w.leases.ResultChan():
		case event, ok = <-w.pods.ResultChan():
		}
		at := journal.Now()
		switch {
		case ctx.Err() != nil:
			return nil
		case !ok:
			return errors.New("a watch on the API server ended")
		case event.Type == watch.Error:
			return apierrors.FromObject(event.Object)
		}
		if err := w.note(event.Object, at); err != nil {
			return err
		}
	}
}

func (w *witness) note(object any, at time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch object := object.(type) {
	case *coordinationv1.Lease:
		return w.noteLease(object, at)
	case *corev1.Pod:
		return w.notePod(object, at)
	}
	return nil
}

func (w *witness) noteLease(lease *coordinationv1.Lease, at time.Duration) error {
	w.published = fmt.Sprint(lease.Annotations)
	spec := lease.Spec
	if spec.HolderIdentity == nil || *spec.HolderIdentity == "" || spec.RenewTime == nil {
		return nil
	}
	token, err := strconv.ParseUint(lease.Annotations[lock.TokenAnnotation], 10, 64)
	if err != nil {
		return fmt.Errorf("the lock: %s: %w", lock.TokenAnnotation, err)
	}
	replica, _, _ := strings.Cut(*spec.HolderIdentity, "_")
	sent := journal.Now() - time.Since(spec.RenewTime.Time)
	w.renewals = append(w.renewals, Renewal{Replica: replica, Token: token, Sent: sent, Seen: at})
	return nil
}

func (w *witness) notePod(pod *corev1.Pod, at time.Duration) error {
	m := Mark{Pod: pod.Name}
	if pod.Name == lastPod {
		w.ended = true
	}
	if pod.Annotations[handledAnnotation] == "" {
		return nil
	}
	var err error
	if m.Token, err = strconv.ParseUint(pod.Annotations[lock.TokenAnnotation], 10, 64); err != nil {
		return fmt.Errorf("%s: %s: %w", pod.Name, lock.TokenAnnotation, err)
	}
	if m == w.marked[pod.Name] {
		return nil
	}
	w.marked[pod.Name] = m
	m.Seen = at
	w.marks = append(w.marks, m)
	return nil
}

// lists says whether the lock lists all of these candidates.
func (w *witness) lists(replicas []string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range replicas {
		if !strings.Contains(w.published, r+"_") {
			return false
		}
	}
	return true
}

// atEnd says whether all is noted that happened before the last pod was made.
func (w *witness) atEnd() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// seen returns what was noted so far.
func (w *witness) seen() (renewals []Renewal, marks []Mark) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.renewals[:len(w.renewals):len(w.renewals)], w.marks[:len(w.marks):len(w.marks)]
}

package audit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/lock"
)

// The annotations that the example keeps; see its handler.
const (
	changeAnnotation  = "regent-ha.github.io/change"
	handledAnnotation = "regent-ha.github.io/handled"
)

// Watch sees what the API server shows of the pods: each state of each,
// unlike a controller's cache, which may skip some.
type Watch struct {
	pods   corev1client.PodInterface
	events *watchtools.RetryWatcher
	end    chan struct{} // closed when the end mark was seen

	mu      sync.Mutex        // guards the fields below
	marks   map[string]mark   // by pod
	idle    map[string]string // pod → its change, of pods whose change is handled
	applied []Applied
}

// mark is what a leader writes to a pod.
type mark struct{ handled, token string }

// NewWatch starts to watch. There must be no pods yet.
func NewWatch(ctx context.Context, pods corev1client.PodInterface) (*Watch, error) {
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, podWatch{pods})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &Watch{
		pods: pods, events: events, end: make(chan struct{}),
		marks: make(map[string]mark), idle: make(map[string]string),
	}, nil
}

// Run notes what happens until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	defer w.events.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-w.events.ResultChan():
			if ctx.Err() != nil {
				return nil
			}
			if !ok {
				return errors.New("audit: the watch ended")
			}
			if err := w.note(event); err != nil {
				return fmt.Errorf("audit: %w", err)
			}
		}
	}
}

// endMark is the name of a pod that is made last.
const endMark = "end"

// End returns when all that has happened until now is noted.
func (w *Watch) End(ctx context.Context) error {
	if _, err := w.pods.Create(ctx, newPod(Change{Pod: endMark}), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	select {
	case <-w.end:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("audit: the watch does not show the last pod: %w", context.Cause(ctx))
	}
}

// podWatch is a cache.WatcherWithContext.
type podWatch struct{ pods corev1client.PodInterface }

func (w podWatch) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return w.pods.Watch(ctx, options)
}

func (w *Watch) note(event watch.Event) error {
	at := journal.Now()
	if event.Type == watch.Error {
		return apierrors.FromObject(event.Object)
	}
	pod, ok := event.Object.(*corev1.Pod)
	if !ok {
		return nil // a bookmark
	}
	if pod.Name == endMark {
		close(w.end)
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := mark{pod.Annotations[handledAnnotation], pod.Annotations[lock.TokenAnnotation]}
	number := pod.Annotations[changeAnnotation]
	if number == now.handled {
		w.idle[pod.Name] = number
	} else {
		delete(w.idle, pod.Name)
	}
	if now == w.marks[pod.Name] {
		return nil
	}
	w.marks[pod.Name] = now
	token, err := strconv.ParseUint(now.token, 10, 64)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", pod.Name, lock.TokenAnnotation, err)
	}
	version, err := strconv.ParseUint(pod.ResourceVersion, 10, 64)
	if err != nil {
		return fmt.Errorf("%s: resourceVersion: %w", pod.Name, err)
	}
	w.applied = append(w.applied, Applied{Change{pod.Name, now.handled}, token, version, at})
	return nil
}

// Open asks the API server whether a change is there and not marked as handled.
// What the watch has shown may be older.
func (w *Watch) Open(ctx context.Context, c Change) (bool, error) {
	pod, err := w.pods.Get(ctx, c.Pod, metav1.GetOptions{})
	if err != nil {
		return false, fmt.Errorf("audit: %w", err)
	}
	return pod.Annotations[changeAnnotation] == c.Number && pod.Annotations[handledAnnotation] != c.Number, nil
}

// take returns a pod whose change is handled, and that change, for the writer
// to make the next one.
func (w *Watch) take() (Change, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for pod, number := range w.idle { // in random order
		delete(w.idle, pod)
		return Change{pod, number}, true
	}
	return Change{}, false
}

// Applied returns what was handled so far.
func (w *Watch) Applied() []Applied {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.applied[:len(w.applied):len(w.applied)]
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
	"github.com/regent-ha/regent/lock"
)

// The annotations that the example keeps; see its handler.
const (
	changeAnnotation  = "regent-ha.github.io/change"
	handledAnnotation = "regent-ha.github.io/handled"
)

// audit watches what the API server shows of the pods: each state of each,
// unlike a controller's cache, which may skip some.
type audit struct {
	watch *watchtools.RetryWatcher

	mu      sync.Mutex        // guards the fields below
	marks   map[string]mark   // by pod
	idle    map[string]string // pod → its change, of pods whose change is handled
	applied []applied
}

// mark is what a leader writes to a pod.
type mark struct{ handled, token string }

// newAudit starts to watch. There must be no pods yet.
func newAudit(ctx context.Context, pods corev1client.PodInterface) (*audit, error) {
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	w, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, podWatch{pods})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &audit{watch: w, marks: make(map[string]mark), idle: make(map[string]string)}, nil
}

// run notes what the watch brings until ctx ends.
func (a *audit) run(ctx context.Context) error {
	defer a.watch.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-a.watch.ResultChan():
			if ctx.Err() != nil {
				return nil
			}
			if !ok {
				return errors.New("audit: the watch ended")
			}
			if err := a.note(event); err != nil {
				return fmt.Errorf("audit: %w", err)
			}
		}
	}
}

// podWatch is a cache.WatcherWithContext.
type podWatch struct{ pods corev1client.PodInterface }

func (w podWatch) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return w.pods.Watch(ctx, options)
}

func (a *audit) note(event watch.Event) error {
	at := journal.Now()
	if event.Type == watch.Error {
		return apierrors.FromObject(event.Object)
	}
	pod, ok := event.Object.(*corev1.Pod)
	if !ok {
		return nil // a bookmark
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := mark{pod.Annotations[handledAnnotation], pod.Annotations[lock.TokenAnnotation]}
	number := pod.Annotations[changeAnnotation]
	if number == now.handled {
		a.idle[pod.Name] = number
	} else {
		delete(a.idle, pod.Name)
	}
	if now == a.marks[pod.Name] {
		return nil
	}
	a.marks[pod.Name] = now
	token, err := strconv.ParseUint(now.token, 10, 64)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", pod.Name, lock.TokenAnnotation, err)
	}
	version, err := strconv.ParseUint(pod.ResourceVersion, 10, 64)
	if err != nil {
		return fmt.Errorf("%s: resourceVersion: %w", pod.Name, err)
	}
	a.applied = append(a.applied, applied{change{pod.Name, now.handled}, token, version, at})
	return nil
}

// take returns a pod whose change is handled, and that change, for the caller
// to make the next one.
func (a *audit) take() (change, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for pod, number := range a.idle { // in random order
		delete(a.idle, pod)
		return change{pod, number}, true
	}
	return change{}, false
}

func (a *audit) all() []applied {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied[:len(a.applied):len(a.applied)]
}

// missing returns those changes that have not been handled.
func (a *audit) missing(changes []change) []change {
	handled := make(map[change]bool)
	for _, x := range a.all() {
		handled[x.change] = true
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c change) bool { return handled[c] })
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

const (
	// changeAnnotation is what somebody wants to be handled.
	changeAnnotation = "regent-ha.github.io/change"
	// handledAnnotation is the change that has been; lock.TokenAnnotation
	// beside it says in which term.
	handledAnnotation = "regent-ha.github.io/handled"
)

// errLeadsNoLonger: the term ended while the work was done.
var errLeadsNoLonger = errors.New("not written: this replica leads no longer")

// handler marks pods whose change has been handled.
type handler struct {
	pods    corev1client.PodInterface
	takes   time.Duration
	journal *journal.Journal
}

// handle is idempotent: three things keep a change from being handled twice.
// The mark says what was done. The patch names the version that the decision
// was made from, so it fails if the pod has changed since. And a replica whose
// term has ended does not write.
func (h *handler) handle(ctx context.Context, pod *corev1.Pod) error {
	change := pod.Annotations[changeAnnotation]
	if change == "" || change == pod.Annotations[handledAnnotation] || pod.DeletionTimestamp != nil {
		return nil
	}
	term, ok := leaderelection.TermFromContext(ctx)
	if !ok {
		return errors.New("the runner gives no term; mend: use an Elector or Plain")
	}
	say := func(kind journal.Kind) {
		h.journal.Write(journal.Line{Kind: kind, Token: term.Token(), Pod: pod.Name, Change: change})
	}
	say(journal.Begins)
	if err := h.work(ctx); err != nil && term.Valid() {
		say(journal.Failed)
		return err // the drain timeout has passed
	}
	if !term.Valid() { // as close to the write as can be: this process may have slept
		say(journal.Refused)
		return fmt.Errorf("%w: term %d", errLeadsNoLonger, term.Token())
	}
	err := h.mark(ctx, pod, change, term.Token())
	switch {
	case err == nil:
		say(journal.Handled)
		return nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		say(journal.Outdated)
		return nil // what has changed is on its way, by the watch
	default:
		say(journal.Failed)
		return fmt.Errorf("mark %s: %w", pod.Name, err)
	}
}

// work stands for what a real controller would do here.
func (h *handler) work(ctx context.Context) error {
	select {
	case <-time.After(h.takes):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// mark is a compare-and-swap: the API server refuses a patch whose UID or
// version is not the pod's.
func (h *handler) mark(ctx context.Context, pod *corev1.Pod, change string, token uint64) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":             pod.UID,
		"resourceVersion": pod.ResourceVersion,
		"annotations": map[string]string{
			handledAnnotation:    change,
			lock.TokenAnnotation: strconv.FormatUint(token, 10),
		},
	}})
	if err != nil {
		return err
	}
	_, err = h.pods.Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

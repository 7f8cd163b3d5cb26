package ha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

const (
	// labelFirstLook is when the pods are looked at again after a promotion:
	// that is when a late write of the leader before is most likely.
	labelFirstLook  = time.Second
	labelFirstRetry = 100 * time.Millisecond
	// labelRequestTimeout bounds a request: on a dead connection it would hang.
	labelRequestTimeout = 10 * time.Second
	// labelRemoval bounds the removal at the end of a term: the lock is kept
	// meanwhile, and the next leader removes the label anyway.
	labelRemoval = 2 * time.Second
)

var (
	errNoTerm   = errors.New("the context carries no term; mend: put this component into Config.Leader, not Config.Always")
	errTermOver = errors.New("the term is over")
)

// labelKeeper keeps the label in term after term. Its calls of run do not
// overlap.
type labelKeeper struct {
	cfg      LeaderLabelConfig
	selector string
	// uid is that of the first pod by the own name. Another one is another's.
	uid types.UID
}

func (k *labelKeeper) run(ctx context.Context) error {
	term, ok := leaderelection.TermFromContext(ctx)
	if !ok {
		return fmt.Errorf("ha: leader label: %w", errNoTerm)
	}
	logger := k.cfg.Logger.With("pod", k.cfg.Pod, "label", k.cfg.Key+"="+k.cfg.Value, "token", term.Token())
	t := &labelTerm{labelKeeper: k, term: term, logger: logger}
	look, retry := labelFirstLook, labelFirstRetry
	for ctx.Err() == nil {
		pause := &look
		if err := t.keep(ctx); err == nil {
			retry = labelFirstRetry
		} else if ctx.Err() == nil {
			logger.Warn("the leader's label is not as it should be", "error", err, "again", retry)
			pause = &retry
		}
		select {
		case <-ctx.Done():
		case <-time.After(*pause):
		}
		*pause = min(2**pause, k.cfg.Interval)
	}
	if t.touched && term.Valid() {
		t.giveUp(ctx)
	}
	return nil
}

// labelTerm keeps the label in one term.
type labelTerm struct {
	*labelKeeper
	term   *leaderelection.Term
	logger *slog.Logger
	// own is the own pod as it was seen last, nil if that is not known.
	own *corev1.Pod
	// touched: the own pod may have the label.
	touched bool
}

// keep takes the label off all other pods, then puts it on the own one.
func (t *labelTerm) keep(ctx context.Context) error {
	t.own = nil
	own, others, err := t.list(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, p := range others {
		if !t.labelled(p) {
			continue
		}
		switch _, err := t.patch(ctx, t.term, p, t.without()); {
		case err == nil:
			t.logger.Info("took the leader's label off another pod", "other", p.Name)
		case !apierrors.IsNotFound(err):
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	t.touched = true
	// The token makes the first write of a term change the pod, whatever it
	// looks like: a removal that an earlier leader sent names a version before
	// that, and is refused.
	token := strconv.FormatUint(t.term.Token(), 10)
	if t.labelled(own) && own.Annotations[lock.TokenAnnotation] == token {
		t.own = own
		return nil
	}
	t.own, err = t.patch(ctx, t.term, own, map[string]any{
		"labels":      map[string]any{t.cfg.Key: t.cfg.Value},
		"annotations": map[string]any{lock.TokenAnnotation: token},
	})
	if err == nil {
		t.logger.Info("put the leader's label on the own pod")
	}
	return err
}

// giveUp takes the label off the own pod while the term is still valid, so
// that the Service does not send to who no longer leads.
func (t *labelTerm) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), labelRemoval)
	defer cancel()
	go func() {
		select {
		case <-t.term.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	// The first attempt often fails at a shutdown: the pod has changed, as it
	// is being deleted.
	for retry := labelFirstRetry / 10; ; retry *= 2 {
		err := t.remove(ctx)
		if err == nil {
			t.logger.Info("took the leader's label off the own pod")
			return
		}
		t.own = nil
		select {
		case <-ctx.Done():
			t.logger.Warn("the leader's label stays on the own pod until the next leader removes it", "error", err)
			return
		case <-time.After(retry):
		}
	}
}

func (t *labelTerm) remove(ctx context.Context) (err error) {
	if t.own == nil {
		if t.own, _, err = t.list(ctx); err != nil {
			return err
		}
	}
	if t.labelled(t.own) {
		_, err = t.patch(ctx, t.term, t.own, t.without())
	}
	return err
}

// without is the metadata of a pod that loses the label.
func (k *labelKeeper) without() map[string]any {
	return map[string]any{"labels": map[string]any{k.cfg.Key: nil}}
}

func (k *labelKeeper) labelled(p *corev1.Pod) bool {
	value, ok := p.Labels[k.cfg.Key]
	return ok && value == k.cfg.Value
}

// list returns the own pod and those of the other replicas.
func (k *labelKeeper) list(ctx context.Context) (own *corev1.Pod, others []*corev1.Pod, err error) {
	ctx, cancel := context.WithTimeout(ctx, labelRequestTimeout)
	defer cancel()
	found, err := k.cfg.Pods.List(ctx, metav1.ListOptions{LabelSelector: k.selector})
	if err != nil {
		return nil, nil, labelError("list pods", err)
	}
	for i := range found.Items {
		if p := &found.Items[i]; p.Name == k.cfg.Pod {
			own = p
		} else {
			others = append(others, p)
		}
	}
	switch {
	case own == nil:
		return nil, nil, fmt.Errorf("ha: leader label: pod %q is not among the %d that the selector %q finds; mend: Pod has to be the own pod's name, and Selector to match its labels", k.cfg.Pod, len(found.Items), k.selector)
	case k.uid == "":
		k.uid = own.UID
	case k.uid != own.UID:
		return nil, nil, fmt.Errorf("ha: leader label: pod %q is another one now (UID %s, was %s): this process's is gone; mend: end this process", k.cfg.Pod, own.UID, k.uid)
	}
	return own, others, nil
}

// patch changes the metadata of exactly the pod that was seen, in the version
// that was seen, if the term is still valid.
func (k *labelKeeper) patch(ctx context.Context, term *leaderelection.Term, pod *corev1.Pod, metadata map[string]any) (*corev1.Pod, error) {
	metadata["uid"], metadata["resourceVersion"] = pod.UID, pod.ResourceVersion
	body, err := json.Marshal(map[string]any{"metadata": metadata})
	if err != nil {
		return nil, fmt.Errorf("ha: leader label: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, labelRequestTimeout)
	defer cancel()
	if !term.Valid() {
		return nil, fmt.Errorf("ha: leader label: pod %s is left as it is: %w", pod.Name, errTermOver)
	}
	changed, err := k.cfg.Pods.Patch(ctx, pod.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "leader-label"})
	if err != nil {
		return nil, labelError("patch pod "+pod.Name, err)
	}
	return changed, nil
}

func labelError(what string, err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf(`ha: leader label: %s: %w; mend: give its Role the rule {apiGroups: [""], resources: [pods], verbs: [list, patch]}`, what, err)
	}
	return fmt.Errorf("ha: leader label: %s: %w", what, err)
}

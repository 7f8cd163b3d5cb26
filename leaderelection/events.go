package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/lock"
)

// KubernetesEvents says where an Elector writes Events, for "kubectl describe
// lease": who became leader, and why one ceased to be. RBAC: create events. A
// write that fails is logged, and not repeated.
type KubernetesEvents struct {
	// Client reaches the API server. Required.
	Client corev1client.EventsGetter
	// Object is what the Events are about. Namespace and Name are required;
	// the UID, and Kind and APIVersion if they are empty, are the lock's.
	Object corev1.ObjectReference
}

const (
	eventTimeout = 5 * time.Second
	// eventFlush is how long Run's return waits for the last Events.
	eventFlush = 2 * time.Second
)

// kubernetesEvent is an Event to be written.
type kubernetesEvent struct {
	Event
	uid  string
	kind lock.Kind
}

// describe returns the reason and the message; no reason: not worth an Event.
func (e Event) describe() (kind, reason, message string) {
	switch e.Kind {
	case EventElected:
		return corev1.EventTypeNormal, "LeaderElected", fmt.Sprintf("%s became leader, token %d", e.Identity, e.Token)
	case EventEnded:
		kind = corev1.EventTypeWarning
		if errors.Is(e.Err, ErrShutdown) || errors.Is(e.Err, ErrSteppedDown) {
			kind = corev1.EventTypeNormal
		}
		return kind, "LeadershipEnded", fmt.Sprintf("%s, token %d: %v", e.Identity, e.Token, e.Err)
	case EventReleased:
		return corev1.EventTypeNormal, "LockReleased", fmt.Sprintf("%s drained and released the lock, token %d", e.Identity, e.Token)
	case EventOverrun:
		return corev1.EventTypeWarning, "DrainOverrun", fmt.Sprintf("%s, token %d: the work has not returned for %v: %v", e.Identity, e.Token, e.Took.Round(time.Millisecond), e.Err)
	case EventFenced:
		return corev1.EventTypeWarning, "LeaderFenced", fmt.Sprintf("%s, token %d: the work still runs, and its lease is expiring or has expired", e.Identity, e.Token)
	case EventRefused:
		return corev1.EventTypeWarning, "RecordRefused", fmt.Sprintf("%s: %v", e.Identity, e.Err)
	}
	return "", "", ""
}

func (k *KubernetesEvents) validate() error {
	if k.Client == nil || k.Object.Name == "" || k.Object.Namespace == "" {
		return &FieldError{Field: "Events", Value: fmt.Sprintf("%+v", k.Object), Bound: "needs a Client, and an Object with namespace and name", Mend: "set them, or leave Events nil"}
	}
	return nil
}

func (k *KubernetesEvents) write(e kubernetesEvent, log *slog.Logger) {
	level, reason, message := e.describe()
	object := k.Object
	object.UID = types.UID(e.uid)
	if object.Kind == "" {
		meta := e.kind.TypeMeta()
		object.APIVersion, object.Kind = meta.APIVersion, meta.Kind
	}
	at := metav1.NewTime(e.Time)
	event := &corev1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: object.Namespace, Name: fmt.Sprintf("%.200s.%x", object.Name, e.Time.UnixNano())},
		InvolvedObject:      object,
		Type:                level,
		Reason:              reason,
		Message:             fmt.Sprintf("%.1000s", message),
		Source:              corev1.EventSource{Component: "regent", Host: hostName()},
		FirstTimestamp:      at,
		LastTimestamp:       at,
		EventTime:           metav1.NewMicroTime(e.Time),
		Count:               1,
		Action:              reason,
		ReportingController: "regent-ha.github.io/leaderelection",
		ReportingInstance:   fmt.Sprintf("%.128s", e.Identity),
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	_, err := k.Client.Events(object.Namespace).Create(ctx, event, metav1.CreateOptions{})
	switch {
	case err == nil:
	case apierrors.IsForbidden(err):
		log.Warn("event not written", "reason", reason, "error", err, "mend", `give a Role the rule {apiGroups: [""], resources: [events], verbs: [create]}`)
	default:
		log.Warn("event not written", "reason", reason, "error", err)
	}
}

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// NewExpiry returns the controller that deletes spaces whose time is over, by
// the clock of this process: one that is wrong by a minute deletes a minute
// early or late. What was provisioned for them the finalizer takes care of.
func NewExpiry(cfg Config) *controller.Controller {
	e := &expiry{objects: cfg.objects(), log: cmp.Or(cfg.Logger, slog.Default())}
	return cfg.controller("expiry", e.handle)
}

type expiry struct {
	objects corev1client.ConfigMapInterface
	log     *slog.Logger
}

func (e *expiry) handle(ctx context.Context, object *corev1.ConfigMap) error {
	if _, ok := space.Of(object); !ok || object.DeletionTimestamp != nil {
		return nil
	}
	if _, err := fence(ctx, object); err != nil {
		return err
	}
	expires, err := space.Expiry(object)
	switch left := time.Until(expires); {
	case err != nil:
		e.log.Warn("a space will not expire", "error", err) // trying again would not help
		return nil
	case expires.IsZero():
		return nil
	case left > 0:
		return controller.RequeueAfter(left)
	}
	// The version, too: somebody may just have given it more time.
	err = swallowOutdated(e.objects.Delete(ctx, object.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &object.UID, ResourceVersion: &object.ResourceVersion},
	}))
	if err != nil {
		return fmt.Errorf("delete ConfigMap %s: %w", object.Name, err)
	}
	return nil
}

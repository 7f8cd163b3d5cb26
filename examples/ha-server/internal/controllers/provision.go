package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// NewSpaces returns the controller that provisions a ServiceAccount for each
// space, and takes it down again.
func NewSpaces(cfg Config) *controller.Controller {
	p := &provisioner{objects: cfg.objects(), accounts: cfg.Client.CoreV1().ServiceAccounts(cfg.Namespace)}
	return cfg.controller("spaces", p.handle)
}

type provisioner struct {
	objects  corev1client.ConfigMapInterface
	accounts corev1client.ServiceAccountInterface
}

func (p *provisioner) handle(ctx context.Context, object *corev1.ConfigMap) error {
	s, ok := space.Of(object)
	if !ok {
		return nil
	}
	token, err := fence(ctx, object)
	switch {
	case err != nil:
		return err
	case s.Phase == space.Ready:
		return nil
	case s.Phase == space.Deleting:
		return p.takeDown(ctx, object)
	}
	if err := p.makeAccount(ctx, object, token); err != nil {
		return err
	}
	return swallowOutdated(patch(ctx, p.objects, object, map[string]any{
		"annotations": map[string]string{space.ReadyAnnotation: "true", lock.TokenAnnotation: strconv.FormatUint(token, 10)},
	}))
}

// makeAccount makes the ServiceAccount, unless an earlier attempt has.
func (p *provisioner) makeAccount(ctx context.Context, object *corev1.ConfigMap, token uint64) error {
	_, err := p.accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
		Name:   object.Name,
		Labels: map[string]string{space.Label: "true"},
		Annotations: map[string]string{
			space.UIDAnnotation:  string(object.UID),
			lock.TokenAnnotation: strconv.FormatUint(token, 10),
		},
	}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return wrap("make", object.Name, err)
	}
	there, err := p.accounts.Get(ctx, object.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("ServiceAccount %s has gone just now", object.Name) // once more
	case err != nil:
		return wrap("look at", object.Name, err)
	case there.Annotations[space.UIDAnnotation] == string(object.UID):
		return nil
	case there.Labels[space.Label] != "true":
		return fmt.Errorf("ServiceAccount %s is there already, and belongs to no space; mend: delete or rename it", object.Name)
	}
	// Of a space of that name whose finalizer somebody has removed by hand.
	if err := p.deleteAccount(ctx, there); err != nil {
		return err
	}
	return p.makeAccount(ctx, object, token)
}

// takeDown deletes what was provisioned, and then lets the space go.
func (p *provisioner) takeDown(ctx context.Context, object *corev1.ConfigMap) error {
	if !slices.Contains(object.Finalizers, space.Finalizer) {
		return nil
	}
	there, err := p.accounts.Get(ctx, object.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return wrap("look at", object.Name, err)
	case there.Annotations[space.UIDAnnotation] == string(object.UID):
		if err := p.deleteAccount(ctx, there); err != nil {
			return err
		}
	}
	others := slices.DeleteFunc(slices.Clone(object.Finalizers), func(f string) bool { return f == space.Finalizer })
	return swallowOutdated(patch(ctx, p.objects, object, map[string]any{"finalizers": others}))
}

func (p *provisioner) deleteAccount(ctx context.Context, account *corev1.ServiceAccount) error {
	err := p.accounts.Delete(ctx, account.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &account.UID}})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return wrap("delete", account.Name, err)
}

func wrap(what, account string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s ServiceAccount %s: %w", what, account, err)
}

// errOutlived: a later term has written to the object.
var errOutlived = errors.New("a later leader has handled it")

// fence returns the token of the term to write in. A term without one is that
// of a replica without rivals.
func fence(ctx context.Context, object *corev1.ConfigMap) (uint64, error) {
	term, ok := leaderelection.TermFromContext(ctx)
	if !ok {
		return 0, errors.New("the runner gives no term; mend: use an Elector or Plain")
	}
	if has := space.Token(object.Annotations); term.Token() != 0 && has > term.Token() {
		return 0, fmt.Errorf("%w: %s has token %d, above %d", errOutlived, object.Name, has, term.Token())
	}
	return term.Token(), nil
}

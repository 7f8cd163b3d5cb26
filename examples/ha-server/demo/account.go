package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/ha-server/manifests"
	"github.com/regent-ha/regent/internal/controlplane"
)

// account makes the namespace of the example's manifests, their service account
// and its rights, and returns its kubeconfig.
func account(ctx context.Context, plane *controlplane.ControlPlane, client kubernetes.Interface) ([]byte, error) {
	objects, err := manifests.Base()
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if err := create(ctx, client, object); err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	user, err := plane.User("system:serviceaccount:"+namespace+":ha-server", "system:serviceaccounts")
	if err != nil {
		return nil, err
	}
	return controlplane.Kubeconfig(user)
}

// create creates what rights need; nobody here would run the rest.
func create(ctx context.Context, client kubernetes.Interface, object *unstructured.Unstructured) error {
	switch object.GetKind() {
	case "Namespace":
		return createAs(ctx, object, client.CoreV1().Namespaces().Create)
	case "ServiceAccount":
		return createAs(ctx, object, client.CoreV1().ServiceAccounts(namespace).Create)
	case "Role":
		return createAs(ctx, object, client.RbacV1().Roles(namespace).Create)
	case "RoleBinding":
		return createAs(ctx, object, client.RbacV1().RoleBindings(namespace).Create)
	}
	return nil
}

func createAs[T any](ctx context.Context, object *unstructured.Unstructured, create func(context.Context, *T, metav1.CreateOptions) (*T, error)) error {
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return err
	}
	_, err := create(ctx, typed, metav1.CreateOptions{})
	return err
}

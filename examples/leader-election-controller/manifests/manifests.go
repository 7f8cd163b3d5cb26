// Package manifests gives the tests and the demo the very files that
// kubectl apply -k applies.
package manifests

import (
	"context"
	"embed"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

//go:embed *.yaml
var files embed.FS

// Objects returns the objects of the kustomization, in its order.
func Objects() ([]*unstructured.Unstructured, error) {
	var kustomization map[string]any
	if err := decode("kustomization.yaml", &kustomization); err != nil {
		return nil, err
	}
	names, _, err := unstructured.NestedStringSlice(kustomization, "resources")
	if err != nil {
		return nil, fmt.Errorf("manifests: kustomization.yaml: %w", err)
	}
	var objects []*unstructured.Unstructured
	for _, name := range names {
		object := &unstructured.Unstructured{}
		if err := decode(name, &object.Object); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func decode(name string, into any) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		return fmt.Errorf("manifests: %s: %w", name, err)
	}
	return nil
}

// Apply applies objects to an API server, as kubectl apply --server-side does,
// and refuses fields that the API does not know.
func Apply(ctx context.Context, cfg *rest.Config, objects []*unstructured.Unstructured) error {
	return applyAll(ctx, cfg, objects, metav1.PatchOptions{})
}

// DryRun is Apply without effect. The namespace must be there.
func DryRun(ctx context.Context, cfg *rest.Config, objects []*unstructured.Unstructured) error {
	return applyAll(ctx, cfg, objects, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
}

func applyAll(ctx context.Context, cfg *rest.Config, objects []*unstructured.Unstructured, options metav1.PatchOptions) error {
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	discover, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	groups, err := restmapper.GetAPIGroupResourcesWithContext(ctx, discovery.ToDiscoveryInterfaceWithContext(discover))
	if err != nil {
		return fmt.Errorf("manifests: discovery: %w", err)
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for _, object := range objects {
		if err := apply(ctx, client, mapper, object, options); err != nil {
			return fmt.Errorf("manifests: apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

func apply(ctx context.Context, client dynamic.Interface, mapper meta.RESTMapper, object *unstructured.Unstructured, options metav1.PatchOptions) error {
	kind := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	body, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	var resource dynamic.ResourceInterface = client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		resource = client.Resource(mapping.Resource).Namespace(object.GetNamespace())
	}
	options.FieldManager, options.FieldValidation = "example", metav1.FieldValidationStrict
	_, err = resource.Patch(ctx, object.GetName(), types.ApplyPatchType, body, options)
	return err
}

// Package manifests gives tests the very files of the base that the overlays
// build on. What kustomize makes of the overlays is tested in
// internal/helmtest, beside the chart.
package manifests

import (
	"embed"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

//go:embed base/*.yaml
var files embed.FS

// Base returns the objects of the base, in the order of its kustomization: one
// replica, as the overlay one has it.
func Base() ([]*unstructured.Unstructured, error) {
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	if err := decode("kustomization.yaml", &kustomization, yaml.Unmarshal); err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, name := range kustomization.Resources {
		object := &unstructured.Unstructured{}
		if err := decode(name, &object.Object, yaml.UnmarshalStrict); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func decode(name string, into any, how func([]byte, any, ...yaml.JSONOpt) error) error {
	text, err := files.ReadFile("base/" + name)
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	if err := how(text, into); err != nil {
		return fmt.Errorf("manifests: %s: %w", name, err)
	}
	return nil
}

package manifests_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// kustomization is what this one uses of
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/.
type kustomization struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Resources  []string `json:"resources"`
	Images     []struct {
		Name    string `json:"name"`
		NewName string `json:"newName"`
		NewTag  string `json:"newTag"`
	} `json:"images"`
}

func TestKustomization(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("kustomization.yaml")
	require.NoError(t, err)
	var k kustomization
	require.NoError(t, yaml.UnmarshalStrict(text, &k))
	require.Equal(t, "kustomize.config.k8s.io/v1beta1", k.APIVersion)
	require.Equal(t, "Kustomization", k.Kind)

	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.ElementsMatch(t, files, append(k.Resources, "kustomization.yaml"), "each file, once")

	require.Len(t, k.Images, 1)
	require.Equal(t, k.Images[0].Name, typed(t).deployment.Spec.Template.Spec.Containers[0].Image)
	require.NotEmpty(t, k.Images[0].NewTag)
}

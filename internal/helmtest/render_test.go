package helmtest_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/getter"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

const (
	example = "../../examples/ha-server"
	name    = "ha-server"
)

var plane cptest.Shared

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// objects are by kind and name.
type objects map[string]*unstructured.Unstructured

// list is without the namespace, which a chart has not: helm makes it.
func (o objects) list() (all []*unstructured.Unstructured) {
	for _, object := range o {
		if object.GetKind() != "Namespace" {
			all = append(all, object)
		}
	}
	return all
}

func parse(t *testing.T, text string) objects {
	t.Helper()
	found := make(objects)
	for d := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		object := &unstructured.Unstructured{}
		err := d.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err, text)
		if len(object.Object) == 0 {
			continue
		}
		key := object.GetKind() + " " + object.GetName()
		require.NotContains(t, found, key, "twice")
		found[key] = object
	}
}

// overlay is what kubectl apply -k applies.
func overlay(t *testing.T, overlay string) objects {
	t.Helper()
	k := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	made, err := k.Run(filesys.MakeFsOnDisk(), filepath.Join(example, "manifests/overlays", overlay))
	require.NoError(t, err)
	text, err := made.AsYaml()
	require.NoError(t, err)
	return parse(t, string(text))
}

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(filepath.Join(example, "chart"))
	require.NoError(t, err)
	return c
}

// set is what helm makes of --set and, for those that begin with "string:",
// --set-string.
func set(t *testing.T, flags ...string) map[string]any {
	t.Helper()
	var o values.Options
	for _, f := range flags {
		if s, ok := strings.CutPrefix(f, "string:"); ok {
			o.StringValues = append(o.StringValues, s)
		} else {
			o.Values = append(o.Values, f)
		}
	}
	vals, err := o.MergeValues(getter.All(cli.New()))
	require.NoError(t, err)
	return vals
}

// template is helm template.
func template(t *testing.T, flags ...string) (*release.Release, error) {
	t.Helper()
	return templateFor(t, "1.36.0", flags...)
}

func templateFor(t *testing.T, kubernetes string, flags ...string) (*release.Release, error) {
	t.Helper()
	client, err := registry.NewClient()
	require.NoError(t, err)
	install := action.NewInstall(&action.Configuration{
		Releases:       storage.Init(driver.NewMemory()),
		KubeClient:     &kubefake.PrintingKubeClient{Out: io.Discard},
		RegistryClient: client,
		Log:            t.Logf,
	})
	install.DryRun, install.ClientOnly = true, true
	install.KubeVersion, err = chartutil.ParseKubeVersion(kubernetes)
	require.NoError(t, err)
	install.ReleaseName, install.Namespace = name, name
	return install.Run(load(t), set(t, flags...))
}

func rendered(t *testing.T, flags ...string) objects {
	t.Helper()
	r, err := template(t, flags...)
	require.NoError(t, err)
	return parse(t, r.Manifest)
}

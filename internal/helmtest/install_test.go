package helmtest_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
)

// helm is Helm in a namespace of the API server.
type helm struct {
	*action.Configuration
	namespace string
	client    kubernetes.Interface
}

func newHelm(t *testing.T) *helm {
	t.Helper()
	kubeconfig, cache := filepath.Join(t.TempDir(), "kubeconfig"), t.TempDir()
	server := plane.Get(t)
	require.NoError(t, server.WriteKubeconfig(kubeconfig))
	client, err := kubernetes.NewForConfig(server.Config())
	require.NoError(t, err)
	h := &helm{Configuration: &action.Configuration{}, namespace: plane.Namespace(t), client: client}
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.CacheDir, flags.Namespace = &kubeconfig, &cache, &h.namespace
	require.NoError(t, h.Init(flags, h.namespace, "secret", t.Logf))
	return h
}

// install is helm install.
func (h *helm) install(t *testing.T, release string, flags ...string) error {
	t.Helper()
	install := action.NewInstall(h.Configuration)
	install.ReleaseName, install.Namespace = release, h.namespace
	_, err := install.RunWithContext(t.Context(), load(t), set(t, flags...))
	return err
}

// upgrade is helm upgrade --reuse-values.
func (h *helm) upgrade(t *testing.T, flags ...string) (*release.Release, error) {
	t.Helper()
	upgrade := action.NewUpgrade(h.Configuration)
	upgrade.Namespace, upgrade.ReuseValues = h.namespace, true
	return upgrade.RunWithContext(t.Context(), name, load(t), set(t, flags...))
}

// deployed returns the replicas and LEADER_ELECTION_ENABLED.
func (h *helm) deployed(t *testing.T) (replicas int32, enabled string) {
	t.Helper()
	d, err := h.client.AppsV1().Deployments(h.namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		if e.Name == "LEADER_ELECTION_ENABLED" {
			enabled = e.Value
		}
	}
	return *d.Spec.Replicas, enabled
}

// What the two pages do: install, then upgrade --reuse-values, and back.
func TestUpgrade(t *testing.T) {
	h := newHelm(t)
	require.NoError(t, h.install(t, name, "shutdownDelaySeconds=9"))
	expect := func(replicas int32, enabled string) {
		t.Helper()
		r, e := h.deployed(t)
		require.Equal(t, replicas, r)
		require.Equal(t, enabled, e)
		d, err := h.client.AppsV1().Deployments(h.namespace).Get(t.Context(), name, metav1.GetOptions{})
		require.NoError(t, err)
		require.Contains(t, d.Spec.Template.Spec.Containers[0].Args, "-shutdown-delay=9s", "what was set stays")
	}
	expect(1, "")
	template := func() corev1.PodTemplateSpec {
		d, err := h.client.AppsV1().Deployments(h.namespace).Get(t.Context(), name, metav1.GetOptions{})
		require.NoError(t, err)
		return d.Spec.Template
	}

	before := template()
	r, err := h.upgrade(t, "replicaCount=3") // the vCluster Platform page
	require.NoError(t, err)
	require.Equal(t, 2, r.Version)
	expect(3, "")
	require.Equal(t, before, template(), "the replica that runs is not restarted")

	_, err = h.upgrade(t, pages...) // the loft page
	require.NoError(t, err)
	expect(3, "true")

	_, err = h.upgrade(t, "string:env.LEADER_ELECTION_ENABLED=false")
	require.ErrorContains(t, err, "each replica would lead")
	_, err = h.upgrade(t, "string:replicaCount=5")
	require.ErrorContains(t, err, "got string, want integer")
	expect(3, "true")

	_, err = h.upgrade(t, "replicaCount=1")
	require.NoError(t, err)
	expect(1, "true")
}

// Two releases in one namespace would handle each space twice.
func TestSecondReleaseIsRefused(t *testing.T) {
	h := newHelm(t)
	require.NoError(t, h.install(t, name))
	require.ErrorContains(t, h.install(t, "another"), "cannot be imported into the current release")

	elsewhere := newHelm(t)
	require.NoError(t, elsewhere.install(t, name), "in another namespace it is welcome")
	schemas, err := h.client.FlowcontrolV1().FlowSchemas().List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=ha-server"})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(schemas.Items), 2)

	_, err = action.NewUninstall(h.Configuration).Run(name)
	require.NoError(t, err)
	_, err = h.client.FlowcontrolV1().FlowSchemas().Get(t.Context(), name+"."+h.namespace, metav1.GetOptions{})
	require.ErrorContains(t, err, "not found")
	_, err = elsewhere.client.FlowcontrolV1().FlowSchemas().Get(t.Context(), name+"."+elsewhere.namespace, metav1.GetOptions{})
	require.NoError(t, err)
}

package manifests_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/ha-server/manifests"
	server "github.com/regent-ha/regent/examples/leader-election-controller/manifests"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/internal/playtest"
)

var (
	plane cptest.Shared
	// program is the example, built.
	program string
)

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram("..", "ha-server", func(built string) int {
		program = built
		return plane.Run(m)
	}))
}

func usage(t *testing.T) string {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), program, "-h").CombinedOutput()
	require.NoError(t, err)
	return string(text)
}

func TestAPIServerAccepts(t *testing.T) {
	t.Parallel()
	objects, err := manifests.Base()
	require.NoError(t, err)
	cfg := plane.Get(t).Config()
	require.Equal(t, "Namespace", objects[0].GetKind(), "all others need it")
	require.NoError(t, server.Apply(t.Context(), cfg, objects[:1]))
	require.NoError(t, server.DryRun(t.Context(), cfg, objects))
	require.NoError(t, server.Apply(t.Context(), cfg, objects))
	require.NoError(t, server.Apply(t.Context(), cfg, objects), "again")
	for _, object := range objects {
		misspelled := object.DeepCopy()
		require.NoError(t, unstructured.SetNestedField(misspelled.Object, "x", "metadata", "lables"))
		require.ErrorContains(t, server.DryRun(t.Context(), cfg, []*unstructured.Unstructured{misspelled}), "lables", "strictly: %s", object.GetKind())
	}

	// No controller makes the Deployment's pods here, so the test does.
	t.Run("the pods, at its strictest level", func(t *testing.T) {
		d := typed(t).deployment
		client, err := kubernetes.NewForConfig(cfg)
		require.NoError(t, err)
		create := func(change func(*corev1.PodSpec)) error {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "pod-", Labels: d.Spec.Template.Labels}, Spec: *d.Spec.Template.Spec.DeepCopy()}
			change(&pod.Spec)
			_, err := client.CoreV1().Pods(d.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
			return err
		}
		require.NoError(t, create(func(*corev1.PodSpec) {}))
		for name, weaken := range map[string]func(*corev1.PodSpec){
			"runAsNonRoot":   func(p *corev1.PodSpec) { p.SecurityContext.RunAsNonRoot = nil },
			"seccompProfile": func(p *corev1.PodSpec) { p.SecurityContext.SeccompProfile = nil },
			"capabilities":   func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.Capabilities = nil },
		} {
			require.ErrorContains(t, create(weaken), name)
		}
	})
}

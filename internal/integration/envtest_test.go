package integration_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/regent-ha/regent/internal/controlplane"
)

// What controlplane provides serves envtest of controller-runtime as well.
func TestEnvtestRunsOnTheAssets(t *testing.T) {
	plane.Get(t) // skips if none can be provided
	dir, err := controlplane.Assets(t.Context(), os.Stderr)
	require.NoError(t, err)
	env := envtest.Environment{BinaryAssetsDirectory: dir}
	cfg, err := env.Start()
	require.NoError(t, err)
	defer func() { require.NoError(t, env.Stop()) }()
	client, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	_, err = client.CoordinationV1().Leases("default").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
}

package dockerchaos_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/dockerchaos"
)

// Some rounds of what make chaos-docker plays. Other tests keep the machine
// busy meanwhile, so what a busy machine can break is only told.
func TestDockerNetworkDisconnect(t *testing.T) {
	if err := missing(t); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("which CI=true makes a failure: %v", err)
		}
		t.Skip(err)
	}
	const rounds = 4
	var said strings.Builder
	reports, err := dockerchaos.Run(t.Context(), dockerchaos.Config{
		Replicas: []int{3}, Rounds: rounds, Seed: 4, Timings: dockerchaos.Short(), Dir: t.TempDir(), Out: &said,
	})
	require.NoError(t, err, said.String())
	t.Log(said.String() + "\n" + dockerchaos.Table(reports))
	require.Len(t, reports, 1)
	for _, f := range reports[0].Findings {
		if f.Rule.Timed() {
			t.Log(f)
			continue
		}
		t.Error(f)
	}
	require.GreaterOrEqual(t, len(reports[0].History.Cuts), rounds)
	require.NotEmpty(t, reports[0].History.Marks)
	require.True(t, reports[0].History.Whole)
	require.Empty(t, left(t, reports[0].Network), "left in the engine")
}

func TestFaultyConfig(t *testing.T) {
	t.Parallel()
	_, err := dockerchaos.Run(t.Context(), dockerchaos.Config{Replicas: []int{1}, Rounds: -1})
	require.ErrorContains(t, err, "1 replicas; mend: 2 to 9")
	require.ErrorContains(t, err, "-1 rounds; mend: 0 or more")
	_, err = dockerchaos.Run(t.Context(), dockerchaos.Config{})
	require.ErrorContains(t, err, "mend: at least one")
}

// missing says what this machine lacks.
func missing(t *testing.T) error {
	t.Helper()
	if err := dockerchaos.Missing(t.Context()); err != nil {
		return err
	}
	_, err := controlplane.Assets(t.Context(), os.Stderr)
	return err
}

// left are the containers of a run that are still there.
func left(t *testing.T, network string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "ps", "--all", "--quiet", "--filter", "label=regent-dockerchaos="+network).Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/warm/outcome"
	"github.com/regent-ha/regent/internal/playtest"
)

const document = "head\n<!-- internal/bench/warm writes from here -->\n<!-- internal/bench/warm: to here -->\ntail\n"

// program is the command.
var program string

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "warm", func(built string) int {
		program = built
		return m.Run()
	}))
}

// It promotes all kinds on a real API server, and publishes what it saw.
func TestMeasuresAndPublishes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	playtest.NeedControlPlane(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "performance.md"), []byte(document), 0o600))
	cmd := exec.CommandContext(t.Context(), program, "-tiny", "-docs", dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	t.Log(stderr.String())
	require.NoError(t, err, stdout.String())

	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), stdout.String())
	figures, err := os.ReadFile(filepath.Join(dir, "performance", "warm.json"))
	require.NoError(t, err)
	var r outcome.Results
	require.NoError(t, json.Unmarshal(figures, &r))
	require.True(t, r.Quick)
	require.Equal(t, "v0.37.2", r.Machine.ClientGo)
	require.Equal(t, "v0.25.2", r.ControllerRuntime)
	require.Greater(t, r.Bytes, 1000)
	require.Len(t, r.Rows, 5)
	for _, row := range r.Rows {
		require.Len(t, row.First, 2, row.Kind)
		require.Positive(t, row.First.Min(), row.Kind)
		require.GreaterOrEqual(t, row.All.Min(), row.First.Min(), row.Kind)
	}
	warm, cold := r.Rows[0], r.Rows[1]
	require.Equal(t, outcome.Warm, warm.Kind)
	require.Equal(t, 1, warm.Before)
	require.Zero(t, warm.Lists, "a warm promotion lists nothing")
	require.Equal(t, outcome.Cold, cold.Kind)
	require.Zero(t, cold.Before)
	require.Equal(t, 2, cold.Lists, "the count can see a list")
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"an argument":   {"quick"},
		"no such docs":  {"-docs", filepath.Join(t.TempDir(), "none")},
		"two at a time": {"-quick", "-tiny"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Contains(t, string(out), "warm: ")
		})
	}
}

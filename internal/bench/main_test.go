package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/playtest"
)

const document = "head\n<!-- make bench-election writes from here -->\n<!-- to here -->\ntail\n"

// bench runs the command, and returns what it printed.
func bench(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	t.Log(stderr.String())
	require.NoError(t, err, stdout.String())
	return stdout.String()
}

// program is the command.
var program string

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "bench", func(built string) int {
		program = built
		return m.Run()
	}))
}

// It measures everything on a real API server, and publishes that; what it has
// published it can show again.
func TestMeasuresAndPublishes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	playtest.NeedControlPlane(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "performance.md"), []byte(document), 0o600))
	printed := bench(t, "-tiny", "-docs", dir)

	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), printed)
	figures := filepath.Join(dir, "performance", "election.json")
	data, err := os.ReadFile(figures)
	require.NoError(t, err)
	var r report.Results
	require.NoError(t, json.Unmarshal(data, &r))
	requireComplete(t, r)
	require.Equal(t, printed, bench(t, "-from", figures))
	require.FileExists(t, filepath.Join(dir, "performance", "handover.svg"))
}

func requireComplete(t *testing.T, r report.Results) {
	t.Helper()
	require.True(t, r.Quick)
	require.Equal(t, "v0.37.2", r.Machine.ClientGo)
	require.Len(t, r.HandOver, 5, "the floor, Regent's three rows, client-go's")
	for _, h := range r.HandOver {
		require.Len(t, h.Cancel, 1, h.Name())
		require.Positive(t, h.Cancel[0], h.Name())
	}
	require.Len(t, r.Crash, 2)
	for _, c := range r.Crash {
		require.Len(t, c.Late, 1, c.Kind)
	}
	require.Zero(t, r.Crash[0].Overlaps)
	require.Len(t, r.AtRest, 8)
	for _, a := range r.AtRest {
		if a.Kind == candidate.Regent {
			require.Equal(t, a.Locks*a.Replicas, a.Watching)
		} else {
			require.Zero(t, a.Watching)
		}
	}
	require.Len(t, r.Server, 3)
	require.Len(t, r.Footprint, 4)
	for _, f := range r.Footprint {
		require.Positive(t, f.With.Goroutines, f.Role)
	}
	require.NotEmpty(t, r.Targets())
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"an argument":   {"quick"},
		"no such file":  {"-from", filepath.Join(t.TempDir(), "none.json")},
		"no such docs":  {"-docs", filepath.Join(t.TempDir(), "none")},
		"two at a time": {"-quick", "-tiny"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Contains(t, string(out), "bench: ")
		})
	}
}

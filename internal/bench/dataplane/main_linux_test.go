package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
	"github.com/regent-ha/regent/internal/playtest"
)

const document = "head\n<!-- make bench-dataplane writes from here -->\n<!-- make bench-dataplane: to here -->\ntail\n"

// program is the command.
var program string

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "dataplane", func(built string) int {
		program = built
		return m.Run()
	}))
}

// It measures every case in the kernel, and publishes what it saw.
func TestMeasuresAndPublishes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	netlabtest.Need(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "performance.md"), []byte(document), 0o600))
	cmd := exec.CommandContext(t.Context(), program, "-tiny", "-cpu=0", "-docs", dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	t.Log(stderr.String())
	require.NoError(t, err, stdout.String())

	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), stdout.String())
	figures, err := os.ReadFile(filepath.Join(dir, "performance", "dataplane.json"))
	require.NoError(t, err)
	var r outcome.Results
	require.NoError(t, json.Unmarshal(figures, &r))
	require.True(t, r.Quick)

	states := make(map[outcome.State]int)
	for _, p := range r.Packets {
		require.Len(t, p.Net, 2, p.Case)
		require.Positive(t, p.Gross.Min(), p.Case)
		if p.Program == outcome.Regent {
			states[p.State]++
		}
	}
	// With and without CAP_PERFMON, two families, two numbers of flows; stable
	// rows with many VIPs as well; of new connections there is no end.
	require.Equal(t, map[outcome.State]int{outcome.Stable: 12, outcome.Changing: 8, outcome.Excepted: 8, outcome.Hit: 8, outcome.Miss: 4}, states)
	for _, f := range r.Frames {
		require.Positive(t, f.Median(), f.Case)
		require.Less(t, f.Lost, f.Sent/100, f.Case)
	}
	require.Len(t, r.Frames, 12)
	require.Len(t, r.Memory, 3)
	require.Len(t, r.Apply, 2)

	again, err := exec.CommandContext(t.Context(), program, "-from", filepath.Join(dir, "performance", "dataplane.json")).Output()
	require.NoError(t, err)
	require.Equal(t, stdout.String(), string(again))
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"an argument":             {"quick"},
		"no such part":            {"-only", "everything"},
		"no such processor":       {"-cpu", "4096"},
		"no such docs":            {"-docs", filepath.Join(t.TempDir(), "none")},
		"two sizes at a time":     {"-quick", "-tiny"},
		"a part is not published": {"-only", "frames", "-docs", "."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Contains(t, string(out), "dataplane: ")
		})
	}
}

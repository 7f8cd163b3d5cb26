package playtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
)

// Build builds a program: name, and what else go build takes.
func Build(args ...string) error {
	if out, err := exec.Command("go", append([]string{"build", "-o"}, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// WithProgram is for TestMain: it builds the program of a directory, lets run
// use it, and removes it again. It returns what run returns, or 1 with the
// reason on standard error if it cannot build.
func WithProgram(dir, name string, run func(program string) int) int {
	temp, err := os.MkdirTemp("", name+"-test-")
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(temp) }()
	program := filepath.Join(temp, name)
	if err := Build(program, dir); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run(program)
}

// Sabotage builds the example in the parent directory with one piece of one of
// its files replaced, to show that the demonstration can fail.
func Sabotage(t *testing.T, file, piece, by string) string {
	t.Helper()
	original, err := filepath.Abs(filepath.Join("..", file))
	require.NoError(t, err)
	text, err := os.ReadFile(original)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), piece), "%s has changed; change this test as well", file)
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, filepath.Base(file)), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), piece, by, 1)), 0o600))
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, list, 0o600))
	program := filepath.Join(dir, "sabotaged")
	require.NoError(t, Build(program, "-overlay="+overlay, ".."))
	return program
}

// NeedControlPlane skips where none can be provided, which CI=true makes a
// failure.
func NeedControlPlane(t *testing.T) {
	t.Helper()
	if _, err := controlplane.Assets(t.Context(), os.Stderr); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

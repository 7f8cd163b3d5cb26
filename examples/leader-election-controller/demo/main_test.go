package main_test

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

// built is where the programs are.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if built, err = os.MkdirTemp("", "demo-test-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(built) }()
	if err := build(demo(), "."); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func demo() string { return filepath.Join(built, "demo") }

func build(args ...string) error {
	if out, err := exec.Command("go", append([]string{"build", "-o"}, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// sabotage builds the example with one piece of one of its files replaced.
func sabotage(t *testing.T, file, piece, by string) string {
	t.Helper()
	original, err := filepath.Abs(filepath.Join("..", file))
	require.NoError(t, err)
	text, err := os.ReadFile(original)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), piece), "%s has changed; change this test as well", file)
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, file), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), piece, by, 1)), 0o600))
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, list, 0o600))
	program := filepath.Join(dir, "sabotaged")
	require.NoError(t, build(program, "-overlay="+overlay, ".."))
	return program
}

// needControlPlane skips where none can be provided, which CI=true makes a
// failure.
func needControlPlane(t *testing.T) {
	t.Helper()
	if _, err := controlplane.Assets(t.Context(), os.Stderr); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

package playtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/playtest"
)

func TestWithProgram(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var built string
	code := playtest.WithProgram("./testdata/hello", "greeter", func(program string) int {
		built = program
		out, err := exec.CommandContext(t.Context(), program).Output()
		require.NoError(t, err)
		require.Equal(t, "hello\n", string(out))
		return 7
	})
	require.Equal(t, 7, code)
	require.Equal(t, "greeter", filepath.Base(built))
	requireNothingLeft(t)
}

func TestWithProgramThatCannotBeBuilt(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = said
	code := playtest.WithProgram("./testdata/none", "greeter", func(string) int {
		t.Error("there is nothing to run")
		return 0
	})
	os.Stderr = stderr
	require.NoError(t, said.Close())
	require.Equal(t, 1, code)
	text, err := os.ReadFile(said.Name())
	require.NoError(t, err)
	require.Contains(t, string(text), "testdata/none")
	requireNothingLeft(t)
}

func requireNothingLeft(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left)
}

package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSummary(t *testing.T) {
	a := result{mutant: mutant{id: "A", what: "x | y"}, stage: stage{kind: model}, by: "TestModel/a", took: time.Second}
	b := result{mutant: mutant{id: "B", what: "z"}}
	c := result{mutant: mutant{id: "C", what: "z"}, err: errors.New("does not compile")}
	line, ok := summary([]result{a})
	require.True(t, ok)
	require.Equal(t, "1 mutants: 1 caught (0 unit, 1 model, 0 sim), 0 escaped", line)
	line, ok = summary([]result{a, b})
	require.False(t, ok)
	require.Contains(t, line, "1 escaped")
	line, ok = summary([]result{a, c})
	require.False(t, ok)
	require.Contains(t, line, "1 errors")
	require.Contains(t, b.String(), "ESCAPED")
	require.Contains(t, markdown([]result{a, b}), "| A | x \\| y | model: `TestModel` |\n| B | z | nobody |\n")
}

// TestFollow: the first failure that is told is the innermost test's.
func TestFollow(t *testing.T) {
	stopped := 0
	failed := follow(strings.NewReader("\x16=== RUN   TestA\n\x16=== RUN   TestA/b\n\x16    --- FAIL: TestA/b (0.00s)\n\x16--- FAIL: TestA (0.00s)\n"), func() { stopped++ })
	require.Equal(t, "TestA/b", failed)
	require.Equal(t, 1, stopped)
	require.Equal(t, "a time-out", follow(strings.NewReader("panic: test timed out after 1s\n"), nil))
	require.Empty(t, follow(strings.NewReader("\x16--- PASS: TestA (0.00s)\nPASS\n"), nil))
}

// TestOverlay: a mutant lies beside the tree, not in it.
func TestOverlay(t *testing.T) {
	all, err := load("catalogue")
	require.NoError(t, err)
	m := all[0]
	dir := t.TempDir()
	before, err := os.ReadFile(root + "/" + m.edits[0].file)
	require.NoError(t, err)
	name, err := m.overlay(root, dir)
	require.NoError(t, err)
	require.FileExists(t, name)
	after, err := os.ReadFile(root + "/" + m.edits[0].file)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

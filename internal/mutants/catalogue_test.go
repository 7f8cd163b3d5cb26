package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the module's directory, from here.
const root = "../.."

// TestCatalogue: each text of each mutant occurs exactly once in the sources.
func TestCatalogue(t *testing.T) {
	all, err := load("catalogue")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 40)
	for _, m := range all {
		t.Run(m.id, func(t *testing.T) {
			_, err := m.mutate(root)
			require.NoError(t, err)
			require.NotEmpty(t, m.order(stages(options{})), "no test could notice it")
			require.Contains(t, []string{"", unit, model, simulation, "leaderelection/internal/core"}, m.first)
		})
	}
}

func TestParse(t *testing.T) {
	all, err := parse([]byte(`# A comment.

mutant A: two edits of one file, one of another
first model
file x/a.go
-	one
-	two
+	three
-four
+
file y/b.go
-five
+six
+seven
mutant B-2: another: with a colon
file x/a.go
-a
+b
`))
	require.NoError(t, err)
	require.Equal(t, []mutant{
		{id: "A", what: "two edits of one file, one of another", first: "model", edits: []edit{
			{"x/a.go", "\tone\n\ttwo", "\tthree"}, {"x/a.go", "four", ""}, {"y/b.go", "five", "six\nseven"},
		}},
		{id: "B-2", what: "another: with a colon", edits: []edit{{"x/a.go", "a", "b"}}},
	}, all)
	require.True(t, all[0].touches("y"))
	require.False(t, all[1].touches("y"))
}

func TestParseNamesFaults(t *testing.T) {
	for text, says := range map[string]string{
		"file a.go":                          "line 1: \"file a.go\" comes before the first mutant",
		"mutant A: b\nfile a.go\n+x":         "line 3: there is nothing to put this in place of",
		"mutant A: b\nfile a.go":             "changes nothing",
		"mutant A\nfile a.go\n-x\n+y":        "does not say what is wrong",
		"mutant A: b\n-x\n+y":                "names no file",
		"mutant A: b\nfile a.go\n-x\n+x":     "replaces something by itself",
		"mutant A: b\nfile a.go\n-x\nfoo\n+": "line 4: \"foo\" is no line of a mutant",
	} {
		_, err := parse([]byte(text))
		require.ErrorContains(t, err, says, text)
	}
}

func TestTextThatOccursTwiceIsAnError(t *testing.T) {
	m := mutant{edits: []edit{{file: "go.mod", old: "github.com/", new: "x"}}}
	_, err := m.mutate(root)
	require.ErrorContains(t, err, "and should have once")
}

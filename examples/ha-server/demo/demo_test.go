package main_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/playtest"
)

// What "make demo-ha" runs.
func TestPass(t *testing.T) {
	playtest.NeedControlPlane(t)
	code, said := playtest.New(t, demo).End(t)
	require.Equal(t, 0, code)
	for _, want := range []string{
		"ha-server-1 is ready and leads", "SIGKILL to ha-server-", "SIGTERM to ha-server-", "started again at once",
		"requests that failed on replicas that live: 0\n", "spaces acknowledged and lost: 0\n", "spaces not provisioned: 0\n",
		"provisioned twice: 0\n", "PASS", "Where to go next",
	} {
		require.Contains(t, said, want)
	}
	require.Regexp(t, `(?m)^  ha-server-1 +1/1 +Running +0 +\S+ +127\.0\.0\.2 +leader +leader\n  ha-server-2 +1/1 +Running +0 +\S+ +127\.0\.0\.3 +non-leader\n  ha-server-3 +1/1 +Running +0 +\S+ +127\.0\.0\.4 +non-leader$`, said)
	for line := range strings.Lines(said) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
	}
}

// An API that acknowledges what it has not kept, one of five.
func TestLostSpacesAreFound(t *testing.T) {
	playtest.NeedControlPlane(t)
	program := playtest.Sabotage(t, "internal/api/write.go", "wanted.Object(), metav1.CreateOptions{}",
		`wanted.Object(), metav1.CreateOptions{DryRun: map[bool][]string{true: {"All"}}[wanted.Name[len(wanted.Name)-1] == '8']}`)
	code, said := playtest.New(t, demo, "-replica="+program).End(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `failed on replicas that live: [1-9]`, said)
	require.Regexp(t, `FAIL: [1-9]\d* requests failed on replicas that lived; the first:\s`, said)
	require.NotContains(t, said, "PASS")
}

// A leader without its controller.
func TestIdleLeaderIsFound(t *testing.T) {
	playtest.NeedControlPlane(t)
	program := playtest.Sabotage(t, "main.go", `ha.NewComponent("spaces", controllers.NewSpaces(work)),`, "")
	code, said := playtest.New(t, demo, "-replica="+program).End(t)
	require.Equal(t, 1, code)
	require.Contains(t, said, "FAIL: watch of ha-server-1: ")
}

func TestInterruptCleansUp(t *testing.T) {
	playtest.InterruptCleansUp(t, demo, "SIGKILL to ha-server-")
}

func TestReplicaThatEndsIsNamed(t *testing.T) {
	playtest.NeedControlPlane(t)
	code, said := playtest.New(t, demo, "-replica=false").End(t) // as /bin/false
	require.Equal(t, 1, code)
	require.Contains(t, said, "FAIL: ha-server-1 ended, and nobody had told it to")
}

func TestFaultyFlags(t *testing.T) {
	playtest.FaultyFlags(t, demo, map[string]playtest.Fault{
		"unknown":  {Flag: "-bogus", Says: "-bogus"},
		"argument": {Flag: "extra", Says: `"extra"; mend`},
	})
}

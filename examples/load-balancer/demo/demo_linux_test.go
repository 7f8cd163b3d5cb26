package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/netlab/netlabtest"
	"github.com/regent-ha/regent/internal/playtest"
)

// demo is the program, built.
var demo string

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "demo", func(built string) int {
		demo = built
		return m.Run()
	}))
}

// requireNoLab finds that no namespace is left.
func requireNoLab(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob("/run/netns/lbdemo-*")
	require.NoError(t, err)
	require.Empty(t, left)
}

// What "make demo-lb" runs.
func TestPass(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	netlabtest.Need(t)
	code, said := playtest.New(t, demo).End(t)
	require.Equal(t, 0, code)
	for _, want := range []string{
		"1. All is well", "2. Endpoint c is drained", "3. Endpoint b is killed", "b is down, noticed after", "4. Endpoint a is cut off",
		"5. Endpoint d is added", "6. Endpoint d gets the weight 3", "7. The file gets a fault", "wieght 1 is not known", "8. The file is well again",
		"    TCP connections broken: 0\n", "    UDP requests lost: 0\n", "    UDP flows moved: 0\n", "PASS", "Where to go next",
	} {
		require.Contains(t, said, want)
	}
	require.Regexp(t, `TCP connections begun: [1-9]\d{3}`, said)
	for line := range strings.Lines(said) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
	}
	requireNoLab(t)
}

// A load balancer that forgets UDP flows.
func TestMovedFlowsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	netlabtest.Need(t)
	program := playtest.Sabotage(t, "internal/balancer/apply.go", "b.markDrained(s)", "b.markDrained(s); s.Untracked = s.Protocol == dataplane.UDP")
	code, said := playtest.New(t, demo, "-balancer="+program).End(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `    UDP flows moved: [1-9]`, said)
	require.Regexp(t, `FAIL: [1-9]\d* faults?, see above`, said)
	require.NotContains(t, said, "PASS")
	requireNoLab(t)
}

func TestInterruptCleansUp(t *testing.T) {
	netlabtest.Need(t)
	p := playtest.New(t, demo)
	p.Until(t, "c gets no new connections")
	require.NotEmpty(t, p.Processes(t))
	p.Interrupt(t)
	code, said := p.End(t)
	require.Equal(t, 130, code)
	require.Contains(t, said, "interrupted")
	require.NotContains(t, said, "PASS")
	require.NotContains(t, said, "FAIL")
	requireNoLab(t)
}

func TestBalancerThatEndsIsNamed(t *testing.T) {
	netlabtest.Need(t)
	code, said := playtest.New(t, demo, "-balancer=false").End(t) // as /bin/false
	require.Equal(t, 1, code)
	require.Contains(t, said, "FAIL: the load balancer has ended: exit status 1")
	requireNoLab(t)
}

func TestFaultyFlags(t *testing.T) {
	playtest.FaultyFlags(t, demo, map[string]playtest.Fault{
		"unknown":  {Flag: "-bogus", Says: "-bogus"},
		"argument": {Flag: "extra", Says: `"extra"; mend`},
	})
}

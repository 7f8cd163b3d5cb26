package main_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A shorter one than "make demo" runs, with the same scenes.
func TestPass(t *testing.T) {
	needControlPlane(t)
	code, said := newPlay(t, "-rounds=2", "-kills=1").end(t)
	require.Equal(t, 0, code)
	for _, want := range []string{
		"leads with token", "SIGTERM to replica-", "SIGKILL to replica-", "SIGSTOP to replica-", "SIGCONT to replica-",
		"client-go's elector: SIGTERM", "events handled by two leaders at once: 0\n", "lost: 0\n", "PASS", "Where to go next",
	} {
		require.Contains(t, said, want)
	}
	for line := range strings.Lines(said) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
	}
}

// All replicas lead, as with a nil Runner.
func TestTwoLeadersAreFound(t *testing.T) {
	needControlPlane(t)
	program := sabotage(t, "main.go", "Runner: elector", "Runner: leaderelection.Plain{}")
	code, said := newPlay(t, "-replica="+program, "-rounds=2").end(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `events handled by two leaders at once: [1-9]`, said)
	require.Contains(t, said, "FAIL")
	require.NotContains(t, said, "PASS")
}

// A leader goes on after it was stopped for longer than its lease lasts.
func TestWriteOfAnEndedTermIsFound(t *testing.T) {
	needControlPlane(t)
	program := sabotage(t, "handler.go", "if !term.Valid() {", "if false {")
	code, said := newPlay(t, "-replica="+program, "-rounds=0", "-kills=0").end(t)
	require.Equal(t, 1, code)
	require.Contains(t, said, "which leads no longer, went on")
	require.Contains(t, said, "FAIL")
}

// The leader forgets some changes.
func TestLostEventsAreFound(t *testing.T) {
	needControlPlane(t)
	program := sabotage(t, "handler.go", `if change == "" ||`, `if change == "" || change == "2" ||`)
	code, said := newPlay(t, "-replica="+program, "-rounds=1", "-kills=0").end(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `lost: [1-9]`, said)
	require.Contains(t, said, "events handled by two leaders at once: 0\n")
	require.Contains(t, said, "FAIL")
}

func TestInterruptCleansUp(t *testing.T) {
	needControlPlane(t)
	p := newPlay(t)
	p.until(t, "SIGTERM to replica-")
	require.NotEmpty(t, p.processes(t))
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	code, said := p.end(t)
	require.Equal(t, 130, code)
	require.Contains(t, said, "interrupted")
	require.NotContains(t, said, "PASS")
	require.NotContains(t, said, "FAIL")
}

func TestReplicaThatEndsIsNamed(t *testing.T) {
	needControlPlane(t)
	code, said := newPlay(t, "-replica=false").end(t) // as /bin/false
	require.Equal(t, 1, code)
	require.Contains(t, said, "FAIL: replica-1 ended, and nobody had told it to")
}

func TestFaultyFlags(t *testing.T) {
	for name, test := range map[string]struct {
		flag, says string
	}{
		"unknown":  {"-bogus", "-bogus"},
		"argument": {"extra", `"extra"; mend`},
		"negative": {"-rounds=-1", "-rounds is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			code, said := newPlay(t, test.flag).end(t)
			require.Equal(t, 2, code)
			require.Contains(t, said, test.says)
		})
	}
}

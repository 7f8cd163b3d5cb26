package main_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/playtest"
)

// A shorter one than "make demo" runs, with the same scenes.
func TestPass(t *testing.T) {
	playtest.NeedControlPlane(t)
	code, said := playtest.New(t, demo, "-rounds=2", "-kills=1").End(t)
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
	playtest.NeedControlPlane(t)
	program := playtest.Sabotage(t, "main.go", "Runner: elector", "Runner: leaderelection.Plain{}")
	code, said := playtest.New(t, demo, "-replica="+program, "-rounds=2").End(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `events handled by two leaders at once: [1-9]`, said)
	require.Contains(t, said, "FAIL")
	require.NotContains(t, said, "PASS")
}

// A leader goes on after it was stopped for longer than its lease lasts.
func TestWriteOfAnEndedTermIsFound(t *testing.T) {
	playtest.NeedControlPlane(t)
	program := playtest.Sabotage(t, "handler.go", "if !term.Valid() {", "if false {")
	code, said := playtest.New(t, demo, "-replica="+program, "-rounds=0", "-kills=0").End(t)
	require.Equal(t, 1, code)
	require.Contains(t, said, "which leads no longer, went on")
	require.Contains(t, said, "FAIL")
}

// A leader begins anew with what it has just handled, as one does whose cache
// lags: the next leader has nothing to do there.
func TestChangeBegunAnewIsNotWaitedFor(t *testing.T) {
	playtest.NeedControlPlane(t)
	program := playtest.Sabotage(t, "handler.go", "say(journal.Handled)\n", "say(journal.Handled)\n"+
		"say(journal.Begins)\n_ = h.work(ctx)\nif !term.Valid() { say(journal.Refused); return nil }\nsay(journal.Outdated)\n")
	code, said := playtest.New(t, demo, "-replica="+program, "-rounds=0", "-kills=0").End(t)
	require.Equal(t, 0, code)
	require.Contains(t, said, "SIGCONT to replica-")
	require.Contains(t, said, "PASS")
}

// The leader forgets some changes.
func TestLostEventsAreFound(t *testing.T) {
	playtest.NeedControlPlane(t)
	program := playtest.Sabotage(t, "handler.go", `if change == "" ||`, `if change == "" || change == "2" ||`)
	code, said := playtest.New(t, demo, "-replica="+program, "-rounds=1", "-kills=0").End(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `lost: [1-9]`, said)
	require.Contains(t, said, "events handled by two leaders at once: 0\n")
	require.Contains(t, said, "FAIL")
}

func TestInterruptCleansUp(t *testing.T) {
	playtest.InterruptCleansUp(t, demo, "SIGTERM to replica-")
}

func TestReplicaThatEndsIsNamed(t *testing.T) {
	playtest.NeedControlPlane(t)
	code, said := playtest.New(t, demo, "-replica=false").End(t) // as /bin/false
	require.Equal(t, 1, code)
	require.Contains(t, said, "FAIL: replica-1 ended, and nobody had told it to")
}

func TestFaultyFlags(t *testing.T) {
	playtest.FaultyFlags(t, demo, map[string]playtest.Fault{
		"unknown":  {Flag: "-bogus", Says: "-bogus"},
		"argument": {Flag: "extra", Says: `"extra"; mend`},
		"negative": {Flag: "-rounds=-1", Says: "-rounds is -1"},
	})
}

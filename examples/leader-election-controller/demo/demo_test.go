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

// Handlers go on after the lock was released.
func TestEarlyReleaseIsFound(t *testing.T) {
	needControlPlane(t)
	program := sabotage(t, "runner.go", "err := lead(ctx)", `
		alone, end := context.WithCancel(context.WithoutCancel(ctx))
		context.AfterFunc(ctx, func() { time.AfterFunc(300*time.Millisecond, end) })
		go func() { _ = lead(alone) }()
		<-ctx.Done()
		time.Sleep(time.Millisecond)
		var err error`)
	code, said := newPlay(t, "-replica="+program, "-rounds=3", "-kills=0").end(t)
	require.Equal(t, 1, code)
	require.Regexp(t, `events handled by two leaders at once: [1-9]`, said)
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
	require.Contains(t, said, "replica-1 ended, and nobody had told it to")
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

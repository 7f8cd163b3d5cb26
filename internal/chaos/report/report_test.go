package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/chaos/audit"
	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/chaos/register"
	"github.com/regent-ha/regent/internal/chaos/report"
)

func entries() []history.Entry {
	done := &register.Outcome{Taken: true, Fenced: true}
	return []history.Entry{
		{At: 1, Kind: history.Leads, Replica: "a", Token: 5},
		{At: 2, Kind: history.Begun, Replica: "a", Cause: string(plan.Kill)},
		{At: 2, Kind: history.Aside, Replica: "b", Cause: string(plan.Cut)},
		{At: 5, Kind: history.Leads, Replica: "b", Token: 7},
		{At: 6, Kind: history.Begun, Replica: "b", Cause: string(plan.Etcd)},
		{At: 7, Kind: history.Leads, Replica: "b", Token: 9},
		{At: 8, Kind: history.Leads, Replica: "c", Token: 8}, // it had been stopped before it could say so
		{At: 8, Kind: history.Begun, Replica: "b", Cause: string(plan.Kill)},
		{At: 9, Kind: history.Leads, Replica: "b", Token: 11},
		{At: 10, Kind: history.Leads, Replica: "a", Token: 12}, // without another fault
		{Kind: history.Calls}, {Kind: history.Calls}, {Kind: history.Calls}, {Kind: history.Calls},
		{Kind: history.Returns, Outcome: done}, {Kind: history.Returns, Refused: true}, {Kind: history.Returns, Error: "EOF"},
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	c := report.Count(entries(), []register.Arrival{{Fenced: true}, {}, {}})
	require.Equal(t, report.Tally{
		Increments: 4, Written: 1, Unknown: 1, Refused: 1, Stopped: 2,
		Faults:    map[string]int{string(plan.Kill): 2, string(plan.Etcd): 1},
		Asides:    map[string]int{string(plan.Cut): 1},
		Takeovers: map[string][]time.Duration{string(plan.Kill): {3, 1}, string(plan.Etcd): {1}},
		Changes:   2,
	}, c)
}

func TestTable(t *testing.T) {
	t.Parallel()
	gate := report.Round{Gate: true, Tally: report.Count(entries(), nil), Guarded: history.Verdict{Result: porcupine.Ok, Operations: 3}}
	gate.Taken = history.Verdict{Result: porcupine.Unknown}
	gate.Terms = []audit.Term{{Cause: "taken", Cancelled: 1}, {Cause: "taken", Cancelled: 1}, {}}
	control := report.Round{Taken: history.Verdict{Result: porcupine.Illegal}, Missing: time.Second}
	control.Violations = []string{"x", "y"}
	text := report.Table([]report.Round{gate, control})
	for _, row := range []string{
		"|  | gate | control: no gate |",
		"| terms | 3 | 0 |",
		"| why terms ended | taken 2, the process was killed 1 |  |",
		"| **broken promises** | 0 | 2 |",
		"| register that compares tokens | linearizable (3 operations, 0 unknown; 0s) |",
		"| register that does not | not decided (0 operations, 0 unknown; 0s) | *not* linearizable (",
		"| nobody led after the faults were over for at most | 0 ms | 1000 ms |",
		"| SIGKILL | 2 of 2: ",
		"| SIGTERM under load | 0 of 0 | 0 of 0 |",
	} {
		require.Contains(t, text, row)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") {
			require.Equal(t, 4, strings.Count(line, "|"), line)
		}
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "doc.md")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o644)) }
	write("before\n<!-- make chaos writes from here -->\nold\n<!-- to here -->\nafter\n")
	for range 2 {
		require.NoError(t, report.Rewrite(file, "new\n"))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, "before\n<!-- make chaos writes from here -->\nnew\n<!-- to here -->\nafter\n", string(text))
	}
	write("no marks\n")
	require.ErrorContains(t, report.Rewrite(file, "new\n"), "mend: add them")
	require.Error(t, report.Rewrite(file+".missing", "new\n"))
}

package outcome_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/stats"
	"github.com/regent-ha/regent/internal/bench/warm/outcome"
)

var update = flag.Bool("update", false, "write the golden file anew")

// row is three promotions, of which the slowest takes twice as long as the
// middle one.
func row(kind outcome.Kind, first, all time.Duration) outcome.Row {
	return outcome.Row{Kind: kind, First: stats.Sample{first, first / 2, first * 2}, All: stats.Sample{all, all / 2, all * 2}}
}

// measured is a run that is as it should be.
func measured() outcome.Results {
	warm, cold := row(outcome.Warm, time.Millisecond, 20*time.Millisecond), row(outcome.Cold, time.Second, 2*time.Second)
	warm.Counted, warm.Before = true, 1
	cold.Counted, cold.Lists = true, 3
	return outcome.Results{
		Machine:           report.Machine{CPUs: 2, System: "linux/amd64", Kernel: "6.18.1", Go: "go1.26.8", Kubernetes: "v1.36.3", ClientGo: "v0.37.2"},
		ControllerRuntime: "v0.25.2", Load: 0.5, Took: 300, Objects: 10_000, Bytes: 6600, Workers: 3,
		Rows: []outcome.Row{
			warm, cold, row(outcome.Runtime, 1200*time.Millisecond, 2*time.Second), row(outcome.RuntimeWarm, 2*time.Millisecond, 30*time.Millisecond),
			row(outcome.Floor, 10*time.Microsecond, 10*time.Millisecond),
		},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "table.md")
	got := measured().Markdown() + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -update writes it anew; read it then")
}

func TestQuickFiguresSaySo(t *testing.T) {
	t.Parallel()
	r := measured()
	r.Quick = true
	require.Contains(t, r.Markdown(), "The quick size")
	require.NotContains(t, r.Markdown(), "The full size")
}

func TestMissedTargetIsShown(t *testing.T) {
	t.Parallel()
	r := measured()
	r.Rows[0].First = stats.Sample{51 * time.Millisecond}
	require.Contains(t, r.Markdown(), "51.0 ms with 10000; missed")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	require.NoError(t, measured().Check(true))
	for name, c := range map[string]struct {
		change func(*outcome.Results)
		fault  string
		always bool // also where times are not judged
	}{
		"it lists again":             {func(r *outcome.Results) { r.Rows[0].Lists = 1 }, "1 times in 3 promotions", true},
		"it did not list before":     {func(r *outcome.Results) { r.Rows[0].Before = 0 }, "listed 0 times before", true},
		"it is as slow as the other": {func(r *outcome.Results) { r.Rows[0].First = r.Rows[1].First }, "1.0 times as long", false},
		"it is hardly faster": {func(r *outcome.Results) {
			r.Rows[0].First = stats.Sample{time.Second/outcome.Factor + time.Millisecond}
		},
			"it has to be at least 5 times", false},
		"no warm one": {func(r *outcome.Results) { r.Rows = r.Rows[1:] }, "not measured", true},
		"no cold one": {func(r *outcome.Results) { r.Rows = r.Rows[:1] }, "not measured", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := measured()
			c.change(&r)
			require.ErrorContains(t, r.Check(true), c.fault)
			if c.always {
				require.ErrorContains(t, r.Check(false), c.fault)
			} else {
				require.NoError(t, r.Check(false))
			}
		})
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	document := filepath.Join(dir, "performance.md")
	require.NoError(t, os.WriteFile(document, []byte("no marks"), 0o600))
	require.ErrorContains(t, measured().Publish(dir), "performance.md: there is no line \"<!-- internal/bench/warm writes from here -->")
	const head, tail = "head\n<!-- internal/bench/warm writes from here -->\n", "<!-- internal/bench/warm: to here -->\ntail\n"
	require.NoError(t, os.WriteFile(document, []byte(head+"old"+tail), 0o600))
	for range 2 { // again and again
		require.NoError(t, measured().Publish(dir))
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		require.Equal(t, head+"\n"+measured().Markdown()+"\n\n"+tail, string(text))
	}
	figures, err := os.ReadFile(filepath.Join(dir, "performance", "warm.json"))
	require.NoError(t, err)
	var back outcome.Results
	require.NoError(t, json.Unmarshal(figures, &back))
	require.Equal(t, measured(), back)
}

// The document that the figures are published in has their place.
func TestDocumentHasAPlace(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "performance.md"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "performance.md"), text, 0o600))
	require.NoError(t, measured().Publish(dir))
}

package report_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/stats"
)

var update = flag.Bool("update", false, "write the golden file anew")

// of is n times: 1, 2, … n units.
func of(n int, unit time.Duration) (s stats.Sample) {
	for i := range n {
		s = append(s, time.Duration(i+1)*unit)
	}
	return s
}

const ms = time.Millisecond

// measured are results of which all targets are met.
func measured() report.Results {
	return report.Results{
		Machine: report.Machine{CPUs: 2, System: "linux/amd64", Kernel: "6.18.1", Go: "go1.26.8", Kubernetes: "v1.36.3", ClientGo: "v0.37.2"},
		Took:    600,
		HandOver: []report.HandOver{
			{Standbys: 1, Cancel: of(100, ms/20)},
			{Kind: candidate.Regent, Standbys: 1, Timings: "15/10/2 s", Cancel: of(100, ms/20), Return: of(100, ms/40)},
			{Kind: candidate.Regent, Standbys: 2, Timings: "15/10/2 s", Cancel: of(100, ms/10), Return: of(100, ms/20)},
			{Kind: candidate.Regent, Standbys: 2, Variant: report.LongAtRest, Timings: "15/10/2 s", Cancel: of(100, ms), Return: of(100, ms)},
			{Kind: candidate.ClientGo, Standbys: 2, Timings: "15/10/2 s", Cancel: of(20, 100*ms), Return: of(20, 100*ms)},
		},
		Crash: []report.Crash{
			{Kind: candidate.Regent, Timings: "3/2/0.5 s", Late: of(50, ms)},
			{Kind: candidate.ClientGo, Timings: "3/2/0.5 s", Late: append(of(49, 20*ms), -30*ms), Overlaps: 40},
		},
		AtRest: []report.AtRest{
			{Kind: candidate.Regent, Locks: 5, Replicas: 3, Window: 75, Requests: 75, Watching: 15},
			{Kind: candidate.Regent, Locks: 100, Replicas: 3, Window: 75, Requests: 1500, Watching: 300},
			{Kind: candidate.ClientGo, Locks: 5, Replicas: 3, Window: 75, Requests: 420},
			{Kind: candidate.ClientGo, Locks: 100, Replicas: 3, Window: 75, Requests: 8400},
		},
		Server: []report.Server{
			{Window: 20, Requests: 2, APIServer: 0.4, Etcd: 0.2, Clients: 0.1},
			{Kind: candidate.Regent, Electors: 315, Window: 75, Requests: 1575, APIServer: 3, Etcd: 1.5, Clients: 1.5},
			{Kind: candidate.ClientGo, Electors: 315, Window: 75, Requests: 8820, APIServer: 15, Etcd: 7.5, Clients: 7.5},
		},
		Footprint: []report.Footprint{
			{Kind: candidate.Regent, Role: "leader", Electors: 500, With: report.Usage{Heap: 65536, Stack: 49152, Goroutines: 6}, Bare: report.Usage{Heap: 32768, Stack: 16384, Goroutines: 2}},
			{Kind: candidate.ClientGo, Role: "leader", Electors: 500, With: report.Usage{Heap: 8192, Stack: 8192, Goroutines: 2}},
		},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "tables.md")
	got := measured().Markdown() + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -update writes it anew; read it then")
}

func TestTargets(t *testing.T) {
	t.Parallel()
	missed := func(r report.Results) (what []string) {
		for _, target := range r.Targets() {
			if !target.Met {
				what = append(what, target.What+": "+target.Measured)
			}
		}
		return what
	}
	require.Len(t, measured().Targets(), 9)
	require.Empty(t, missed(measured()))
	for name, tc := range map[string]struct {
		spoil func(*report.Results)
		want  []string
	}{
		"slow": {
			func(r *report.Results) { r.HandOver[2].Cancel = of(100, ms) },
			[]string{
				"hand-over, 3 replicas: median: 50.5 ms", "hand-over, 3 replicas: p99: 99.0 ms", "client-go's median, in Regent's: 21 ×",
				"median, in medians of the floor: 20 ×",
			},
		},
		"one is late": {
			func(r *report.Results) { r.Crash[0].Late[7] = 101 * ms },
			[]string{"crash, 3/2/0.5 s: the next leader's work starts after the expiry, at most: 101 ms"},
		},
		"not quiet": {
			func(r *report.Results) { r.AtRest[0].Requests, r.AtRest[1].Requests = 100, 1900 },
			[]string{"requests per second, 1 leader and 2 standbys: 0.27", "requests per second, 100 locks × 3 replicas: 26.00"},
		},
		"watches that the window does not show": {
			func(r *report.Results) { r.AtRest[1].Watching = 30000 },
			[]string{"requests per second, 100 locks × 3 replicas: 86.67"},
		},
		"large": {
			func(r *report.Results) { r.Footprint[0].With = report.Usage{Heap: 2 << 20, Goroutines: 8} },
			[]string{"memory of a leader: 2000.0 KiB", "goroutines of a leader: 6.0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := measured()
			tc.spoil(&r)
			require.Equal(t, tc.want, missed(r))
		})
	}
	require.Empty(t, report.Results{}.Targets())
}

func TestNothingMeasured(t *testing.T) {
	t.Parallel()
	require.NotContains(t, report.Results{}.Markdown(), "NaN")
	require.NotContains(t, report.Results{}.Picture(), "NaN")
}

func TestJSONKeepsAll(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(measured())
	require.NoError(t, err)
	var back report.Results
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, measured(), back)
}

func TestPublish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	document := filepath.Join(dir, "performance.md")
	require.Error(t, measured().Publish(dir), "there is no document")
	require.NoError(t, os.WriteFile(document, []byte("head\n"), 0o600))
	require.ErrorContains(t, measured().Publish(dir), "there is no line")

	const begin, end = "<!-- make bench-election writes from here -->\n", "<!-- to here -->\n"
	require.NoError(t, os.WriteFile(document, []byte("head\n"+begin+"old\n"+end+"tail\n"), 0o600))
	for range 2 { // the second time there is nothing to do
		require.NoError(t, measured().Publish(dir))
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		require.Equal(t, "head\n"+begin+"\n"+measured().Markdown()+"\n"+end+"tail\n", string(text))
	}
	svg, err := os.ReadFile(filepath.Join(dir, "performance", "handover.svg"))
	require.NoError(t, err)
	require.Equal(t, measured().Picture(), string(svg))
	figures, err := os.ReadFile(filepath.Join(dir, "performance", "election.json"))
	require.NoError(t, err)
	var back report.Results
	require.NoError(t, json.Unmarshal(figures, &back))
	require.Equal(t, measured(), back)
}

package outcome_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/bench/stats"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ns is a nanosecond of one packet, as samples have it: of a million of them.
const ns = time.Millisecond

// around is three rounds, of which the middle one is the median.
func around(d time.Duration) stats.Sample { return stats.Sample{d * 9 / 10, d, d * 12 / 10} }

func packets(c outcome.Case, net time.Duration) outcome.Packets {
	return outcome.Packets{Case: c, Net: around(net), Gross: around(net + 30*ns)}
}

// of are all programs and states, with one number of flows: so many times what
// they take with few.
func of(c outcome.Case, times time.Duration) (all []outcome.Packets) {
	for _, p := range []struct {
		program outcome.Program
		state   outcome.State
		net     time.Duration
	}{
		{outcome.Generator, "", 0}, {outcome.Floor, "", 3 * ns}, {outcome.Table, "", 35 * ns * times},
		{outcome.Regent, outcome.Stable, 22 * ns}, {outcome.Regent, outcome.Changing, 60 * ns * times},
		{outcome.Regent, outcome.Excepted, 55 * ns * times}, {outcome.Regent, outcome.Hit, 40 * ns * times},
	} {
		c.Program, c.State = p.program, p.state
		all = append(all, packets(c, p.net))
	}
	return all
}

// measured is a run of which all targets are met.
func measured() outcome.Results {
	r := outcome.Results{
		Machine: outcome.Machine{CPUs: 2, Model: "Model 7", System: "linux/amd64", Kernel: "6.18.1", Go: "go1.26.8"},
		Load:    0.5, Took: 300,
		Memory: []outcome.Memory{
			{What: "10000 VIPs × 10 endpoints", Maps: map[string]uint64{"rows": 64 << 20, "endpoints": 16 << 20}, Most: 256},
		},
		Apply: []outcome.Apply{{What: "10000 VIPs × 10 endpoints, from nothing", Took: stats.Sample{time.Second, 2 * time.Second, 3 * time.Second}}},
	}
	for _, bare := range []bool{false, true} {
		for _, v6 := range []bool{false, true} {
			r.Packets = append(r.Packets, of(outcome.Case{IPv6: v6, Flows: 1000, VIPs: 1, Bare: bare}, 1)...)
			r.Packets = append(r.Packets, of(outcome.Case{IPv6: v6, Flows: 1_000_000, VIPs: 1, Bare: bare}, 5)...)
			endless := outcome.Case{Program: outcome.Generator, State: outcome.Miss, IPv6: v6, VIPs: 1, Bare: bare}
			r.Packets = append(r.Packets, packets(endless, 0))
			endless.Program = outcome.Regent
			r.Packets = append(r.Packets, packets(endless, 900*ns))
		}
	}
	for _, flows := range []int{1000, 1_000_000} {
		many := outcome.Case{Program: outcome.Regent, State: outcome.Stable, Flows: flows, VIPs: 10_000}
		r.Packets = append(r.Packets, packets(many, 40*ns))
		for _, f := range []struct {
			program outcome.Program
			state   outcome.State
			rate    float64
		}{{outcome.Floor, "", 11}, {outcome.Regent, outcome.Stable, 9}, {outcome.NFTables, "", 1.5}} {
			r.Frames = append(r.Frames, outcome.Frames{
				Case: outcome.Case{Program: f.program, State: f.state, Flows: flows, VIPs: 1}, Rates: []float64{f.rate, f.rate + 1, f.rate - 1}, Sent: 1000,
			})
		}
	}
	return r
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]string{"tables.md": measured().Markdown() + "\n", "packets.svg": measured().Picture()} {
		golden := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "go test -update writes it anew; read it then")
	}
}

func TestQuickFiguresSaySo(t *testing.T) {
	t.Parallel()
	r := measured()
	r.Quick = true
	require.Contains(t, r.Markdown(), "The quick size")
	require.NotContains(t, r.Markdown(), "The full size")
}

func TestNothingMeasured(t *testing.T) {
	t.Parallel()
	require.Empty(t, outcome.Results{}.Targets())
	require.NotContains(t, outcome.Results{}.Markdown(), "NaN")
	require.NotContains(t, outcome.Results{}.Picture(), "NaN")
}

func TestTargets(t *testing.T) {
	t.Parallel()
	missed := func(r outcome.Results) (what []string) {
		for _, target := range r.Targets() {
			if !target.Met {
				what = append(what, target.What+": "+target.Measured)
			}
		}
		return what
	}
	require.Len(t, measured().Targets(), 13)
	require.Empty(t, missed(measured()))
	for name, tc := range map[string]struct {
		spoil func(*outcome.Results)
		want  []string
	}{
		"slow": {
			func(r *outcome.Results) {
				r.Packets = append([]outcome.Packets{packets(outcome.Case{Program: outcome.Regent, State: outcome.Stable, Flows: 1000, VIPs: 1}, 26*ns)}, r.Packets...)
			},
			[]string{"IPv4, stable row, 1 000 flows: 26.0 ns"},
		},
		"IPv6 is slow": {
			func(r *outcome.Results) {
				r.Packets = append([]outcome.Packets{packets(outcome.Case{Program: outcome.Regent, State: outcome.Stable, IPv6: true, Flows: 1000, VIPs: 1}, 33*ns)}, r.Packets...)
			},
			[]string{"IPv6 beside IPv4, stable row, 1 000 flows: 1.5 ×"},
		},
		"few frames": {
			func(r *outcome.Results) { r.Frames[1].Rates = []float64{5.5} },
			[]string{"real frames, 1 000 flows: 5.50 Mpps, 50 % of the floor's"},
		},
		"large maps": {
			func(r *outcome.Results) { r.Memory[0].Maps["flows4"] = 200 << 20 },
			[]string{"maps: 10000 VIPs × 10 endpoints: 280.0 MiB"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := measured()
			tc.spoil(&r)
			require.Equal(t, tc.want, missed(r))
		})
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	document := filepath.Join(dir, "performance.md")
	require.NoError(t, os.WriteFile(document, []byte("no marks"), 0o600))
	require.ErrorContains(t, measured().Publish(dir), "there is no line \"<!-- make bench-dataplane writes from here -->")
	const head, tail = "head\n<!-- make bench-dataplane writes from here -->\n", "<!-- make bench-dataplane: to here -->\ntail\n"
	require.NoError(t, os.WriteFile(document, []byte(head+"old"+tail), 0o600))
	for range 2 { // again and again
		require.NoError(t, measured().Publish(dir))
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		const picture = "![A packet's time: the floor, Regent, a plain LRU table](performance/packets.svg)\n\n"
		require.Equal(t, head+"\n"+picture+measured().Markdown()+"\n\n"+tail, string(text))
	}
	svg, err := os.ReadFile(filepath.Join(dir, "performance", "packets.svg"))
	require.NoError(t, err)
	require.Equal(t, measured().Picture(), string(svg))
	figures, err := os.ReadFile(filepath.Join(dir, "performance", "dataplane.json"))
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

package picture_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/picture"
	"github.com/regent-ha/regent/internal/bench/stats"
)

var update = flag.Bool("update", false, "write the golden file anew")

// around is n times that spread evenly on a logarithmic scale.
func around(middle time.Duration, n int) (s stats.Sample) {
	for i := range n {
		s = append(s, time.Duration(float64(middle)*math.Pow(2, float64(2*i-n+1)/float64(n))))
	}
	return s
}

func chart() picture.Chart {
	return picture.Chart{
		Title: "Hand-over: cancel to work", Subtitle: "15/10/2 s & others", Dot: "one hand-over each",
		Groups: []picture.Group{
			{Colour: picture.Colour{Light: "#6e7781", Dark: "#9198a1"}, Rows: []picture.Row{
				{Label: "floor", Sub: "a watch <and> two updates", Sample: around(4*time.Millisecond, 120)},
			}},
			{Colour: picture.Colour{Light: "#bc4c00", Dark: "#f0883e"}, Rows: []picture.Row{
				{Label: "theirs, 1 standby", Note: "250 × ours", Sample: around(time.Second, 20)},
				{Label: "theirs, none"},
			}},
		},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "chart.svg")
	got := chart().SVG()
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -update writes it anew; look at it then")
}

func TestIsXML(t *testing.T) {
	t.Parallel()
	d := xml.NewDecoder(strings.NewReader(chart().SVG()))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestSaysWhatItShows(t *testing.T) {
	t.Parallel()
	svg := chart().SVG()
	for _, piece := range []string{
		"floor a watch &lt;and&gt; two updates: p50 4.0 ms, p99 7.9 ms", "theirs, 1 standby: p50 1.0 s, max 1.9 s, 250 × ours", "theirs, none: not measured",
		">1 ms<", ">10 s<", "prefers-color-scheme: dark",
	} {
		require.Contains(t, svg, piece)
	}
}

// A millisecond for a million is a nanosecond for one.
func TestMillion(t *testing.T) {
	t.Parallel()
	c := chart()
	c.Million = true
	svg := c.SVG()
	for _, piece := range []string{"p50 4.0 ns, p99 7.9 ns", "p50 1.0 µs, max 1.9 µs", ">1 ns<", ">10 µs<"} {
		require.Contains(t, svg, piece)
	}
	require.NotContains(t, svg, " ms")
}

// Whatever is measured, there is a picture.
func TestExtremes(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]stats.Sample{
		"nothing": nil, "zero": {0}, "negative": {-time.Second}, "one": {time.Millisecond}, "a power of ten": {time.Second, time.Second},
		"wide": {time.Nanosecond, 100 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svg := picture.Chart{Groups: []picture.Group{{Rows: []picture.Row{{Sample: s}}}}}.SVG()
			require.NotContains(t, svg, "NaN")
			require.NotContains(t, svg, "Inf")
		})
	}
}

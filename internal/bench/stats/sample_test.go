package stats_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/stats"
)

// upTo is n, n-1, … 1 milliseconds.
func upTo(n int) stats.Sample {
	var s stats.Sample
	for i := range n {
		s = append(s, time.Duration(n-i)*time.Millisecond)
	}
	return s
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sample                     stats.Sample
		min, median, p90, p99, max float64 // milliseconds
	}{
		"none":        {nil, 0, 0, 0, 0, 0},
		"one":         {upTo(1), 1, 1, 1, 1, 1},
		"two":         {upTo(2), 1, 1.5, 2, 2, 2},
		"odd":         {upTo(5), 1, 3, 5, 5, 5},
		"twenty":      {upTo(20), 1, 10.5, 18, 20, 20},
		"one hundred": {upTo(100), 1, 50.5, 90, 99, 100},
		"two hundred": {upTo(200), 1, 100.5, 180, 198, 200},
		"equal":       {stats.Sample{time.Second, time.Second, time.Second}, 1000, 1000, 1000, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
			require.Equal(t, ms(tc.min), tc.sample.Min())
			require.Equal(t, ms(tc.median), tc.sample.Median())
			require.Equal(t, ms(tc.p90), tc.sample.Quantile(0.9))
			require.Equal(t, ms(tc.p99), tc.sample.Quantile(0.99))
			require.Equal(t, ms(tc.max), tc.sample.Max())
		})
	}
}

func TestOrderDoesNotMatterAndStays(t *testing.T) {
	t.Parallel()
	s := upTo(100)
	rand.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
	before := append(stats.Sample{}, s...)
	require.Equal(t, 99*time.Millisecond, s.Quantile(0.99))
	require.Equal(t, before, s)
}

func TestRatio(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 4, stats.Ratio(time.Second, 250*time.Millisecond), 1e-9)
	require.Zero(t, stats.Ratio(time.Second, 0))
}

func TestJSON(t *testing.T) {
	t.Parallel()
	s := stats.Sample{1234567 * time.Nanosecond, 2 * time.Second, -3 * time.Millisecond}
	data, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, "[1.234567, 2000, -3]", string(data))
	var back stats.Sample
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, s, back)
	require.Error(t, json.Unmarshal([]byte(`"x"`), &back))
}

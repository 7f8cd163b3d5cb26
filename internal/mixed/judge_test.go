package mixed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		leads, works, cancelled = journal.Leads, replica.Works, journal.Cancelled
		drained, stopped, ends  = journal.Drained, journal.Stopped, replica.Ends
	)
	type line = journal.Line
	for name, tc := range map[string]struct {
		lines    []line
		spans    int
		overlaps []string
		fallen   int
		longest  int
	}{
		"nothing": {},
		"one after the other, read in another order": {
			lines: []line{
				{At: 5, Kind: leads, Replica: "b"}, {At: 6, Kind: works, Replica: "b"},
				{At: 1, Kind: leads, Replica: "a"}, {At: 3, Kind: drained, Replica: "a"},
			},
			spans: 2, longest: 2,
		},
		"works while the other drains": {
			lines: []line{
				{At: 1e6, Kind: leads, Replica: "a"}, {At: 2e6, Kind: cancelled, Replica: "a"}, {At: 3e6, Kind: leads, Replica: "b"},
				{At: 5e6, Kind: drained, Replica: "a"}, {At: 9e6, Kind: works, Replica: "b"},
			},
			spans: 2, overlaps: []string{"a and b were both at work for 2ms"},
		},
		"never said that it stopped": {
			lines: []line{
				{At: 1e6, Kind: leads, Replica: "a"}, {At: 4e6, Kind: works, Replica: "a"}, {At: 9e6, Kind: stopped, Replica: "a"},
				{At: 3e6, Kind: leads, Replica: "b"}, {At: 8e6, Kind: works, Replica: "b"},
			},
			spans: 2, overlaps: []string{"a and b were both at work for 1ms"},
		},
		"worked to its last sign, and was killed later": {
			lines: []line{
				{At: 1, Kind: leads, Replica: "a"}, {At: 4, Kind: works, Replica: "a"}, {At: 9, Kind: stopped, Replica: "a"},
				{At: 5, Kind: leads, Replica: "b"}, {At: 8, Kind: works, Replica: "b"},
			},
			spans: 2, longest: 1,
		},
		"goes on after its end": {
			lines: []line{
				{At: 1e6, Kind: leads, Replica: "a"}, {At: 2e6, Kind: ends, Replica: "a"}, {At: 3e6, Kind: leads, Replica: "b"},
				{At: 4e6, Kind: works, Replica: "a"}, {At: 5e6, Kind: works, Replica: "a"}, {At: 7e6, Kind: works, Replica: "b"},
			},
			spans: 3, overlaps: []string{"b and a were both at work for 1ms"}, longest: 2e6,
		},
		"a token that does not rise, a foreign term between": {
			lines: []line{
				{At: 1, Kind: leads, Replica: "a", Token: 7}, {At: 2, Kind: drained, Replica: "a", Token: 7},
				{At: 2, Kind: leads, Replica: "b"}, {At: 3, Kind: drained, Replica: "b"},
				{At: 3, Kind: leads, Replica: "c", Token: 7}, {At: 4, Kind: drained, Replica: "c", Token: 7},
			},
			spans: 3, fallen: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := mixed.Judge(tc.lines)
			require.Len(t, v.Spans, tc.spans)
			var overlaps []string
			for _, o := range v.Overlaps {
				overlaps = append(overlaps, o.String())
			}
			require.Equal(t, tc.overlaps, overlaps)
			require.Len(t, v.Fallen, tc.fallen)
			require.EqualValues(t, tc.longest, v.Longest())
		})
	}
}

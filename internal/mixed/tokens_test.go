package mixed_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed"
)

// A fleet that is stopped before another one with another kind of lock starts
// needs no rolling update. The tokens rise all the same.
func TestMixedTokensRise(t *testing.T) {
	plane.Get(t)
	for _, kinds := range [][]mixed.Kind{
		{mixed.RegentLease, mixed.RegentMulti, mixed.RegentLease},
		{mixed.RegentConfigMap, mixed.RegentMulti, mixed.RegentConfigMap},
		{mixed.RegentMulti, mixed.RegentConfigMap, mixed.RegentLease},
		{mixed.RegentMulti, mixed.RegentLease, mixed.RegentConfigMap},
	} {
		t.Run(name(kinds), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for _, kind := range kinds {
				r, err := s.Start(t.Context(), kind)
				require.NoError(t, err)
				_, err = s.Await(t.Context(), r.Name+" leads", func(line journal.Line) bool {
					return line.Replica == r.Name && line.Kind == journal.Leads
				})
				require.NoError(t, err)
				require.NoError(t, s.Terminate(r))
				require.NoError(t, s.Retire(r))
			}
			v := mixed.Judge(s.Lines())
			require.Len(t, v.Spans, len(kinds))
			assert.Empty(t, v.Fallen)
			assert.Empty(t, v.Overlaps)
		})
	}
}

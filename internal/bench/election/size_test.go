package election_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/bench/election"
)

// What cannot be measured is refused before anything is started.
func TestSizeIsChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*election.Size)
		want  string
	}{
		"no rounds":           {func(s *election.Size) { s.Rounds = 0 }, "Size.Rounds is 0"},
		"no rounds of theirs": {func(s *election.Size) { s.PeerRounds = -1 }, "Size.PeerRounds is -1"},
		"no one to take over": {func(s *election.Size) { s.Standbys = []int{1, 0} }, "Size.Standbys has 0"},
		"no standbys":         {func(s *election.Size) { s.Standbys = nil }, "Size.len(Standbys) is 0"},
		"no window":           {func(s *election.Size) { s.Rest = 0 }, "Size.Rest is 0s"},
		"as many as few":      {func(s *election.Size) { s.ManyLocks = s.FewLocks }, "Size.ManyLocks is 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			size := election.Tiny()
			tc.spoil(&size)
			_, err := (&election.Bench{Size: size}).Run(t.Context())
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "mend: ")
		})
	}
	_, err := (&election.Bench{Size: election.Tiny(), Only: "all"}).Run(t.Context())
	require.ErrorContains(t, err, `Only is "all"; mend: one of ["memory" "hand-over" "crash" "rest"]`)
}

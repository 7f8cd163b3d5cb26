package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A test that skips passes on a developer's machine and fails where nothing
// may be missing; either way its reason is told.
func TestSkipsFailWhereNothingMayBeMissing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		complete bool
		tests    string
		want     error
		summary  string
	}{
		{"all run", true, "Passes", nil, "1 tests passed, 0 failed, 0 skipped\n"},
		{"one skips", false, ".", nil, "needs a unicorn\n1 tests passed, 0 failed, 1 skipped\n"},
		{"one skips in CI", true, ".", errSkipped, "needs a unicorn\n1 tests passed, 0 failed, 1 skipped\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := run([]string{"-run", tc.tests, "./testdata/skips"}, &out, tc.complete)
			require.ErrorIs(t, err, tc.want)
			require.Contains(t, out.String(), tc.summary)
		})
	}
}

func TestExitCodeIsThatOfGoTest(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := run([]string{"./testdata/there-is-no-such-package"}, &out, true)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.ExitCode())
}

package dockerchaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/dockerchaos"
)

func TestParseTimings(t *testing.T) {
	t.Parallel()
	got, err := dockerchaos.ParseTimings("15s/10s/2s")
	require.NoError(t, err)
	require.Equal(t, dockerchaos.Timings{Lease: 15 * time.Second, Renew: 10 * time.Second, Retry: 2 * time.Second}, got)
	again, err := dockerchaos.ParseTimings(got.String())
	require.NoError(t, err)
	require.Equal(t, got, again)
	for _, text := range []string{"", "15s", "15s/10s", "15s/10s/2s/1s", "15s/10s/x", "15s/10s/-2s", "15s/10s/0"} {
		_, err := dockerchaos.ParseTimings(text)
		require.ErrorContains(t, err, "mend: as in 3s/2s/500ms", text)
	}
}

package leaderelection_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// TestIdentityIsUnique: a pod that restarts is another candidate (F8).
func TestIdentityIsUnique(t *testing.T) {
	for _, pod := range []string{"", "pod-0"} {
		seen := make(map[string]bool)
		for range 3 {
			e, err := leaderelection.NewElector(leaderelection.Config{Lock: locktest.NewStore().Client("lock"), Pod: pod})
			require.NoError(t, err)
			identity := e.Status().Identity
			require.Regexp(t, "^"+pod+".*_[a-z0-9]{20,}$", identity)
			require.False(t, seen[identity], identity)
			seen[identity] = true
		}
	}
}

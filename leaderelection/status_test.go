package leaderelection_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock/locktest"
)

// A return of work is no answer of the API server.
func TestDrainDoesNotHideThatRequestsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a", nil)
		stop := a.start(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			return nil
		})
		time.Sleep(11 * time.Second)
		a.client.Cut()
		time.Sleep(14 * time.Second) // lost at 20 s, drained at 23 s
		require.False(t, a.IsLeader())
		require.ErrorContains(t, a.Check(nil), "lock lock: requests have failed for 5s: ")
		require.Equal(t, a.Check(nil).Error(), a.Status().Err.Error())
		a.client.Heal()
		require.NoError(t, stop())
	})
}

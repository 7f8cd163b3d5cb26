package leaderelection_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// TestLossEndsATermThatDrains: what drains may write as long as its term is
// valid, and has to hear of the loss.
func TestLossEndsATermThatDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		terms := make(chan *leaderelection.Term, 1)
		stop := a.start(func(ctx context.Context) error {
			term, _ := leaderelection.TermFromContext(ctx)
			terms <- term
			<-ctx.Done()
			time.Sleep(8 * time.Second)
			return nil
		})
		term := <-terms
		done := make(chan error)
		go func() { done <- stop() }()
		time.Sleep(time.Second)
		require.True(t, term.Valid(), "while it drains")
		store.Edit("lock", func(r *lock.Record) { r.Holder = "thief" })
		synctest.Wait()
		require.False(t, term.Valid())
		require.NoError(t, <-done)
	})
}

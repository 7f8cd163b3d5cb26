package leaderelection_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// A Run within the work of a term is a part of that: it does not wait for the
// term's end, which would wait for it.
func TestRunWithinItsOwnTerm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, err := leaderelection.NewElector(leaderelection.Config{
			Lock: locktest.NewStore().Client("lock"), Now: locktest.Clock(), Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var same, again int
		var inner error
		failed := errors.New("failed")
		result := make(chan error, 1)
		go func() {
			result <- e.Run(ctx, func(outer context.Context) error {
				inner = e.Run(outer, func(context.Context) error { return failed })
				again++
				return e.Run(outer, func(ctx context.Context) error {
					a, _ := leaderelection.TermFromContext(outer)
					b, _ := leaderelection.TermFromContext(ctx)
					if a == b {
						same++
					}
					<-ctx.Done()
					return errors.New("too late for anybody")
				})
			})
		}()
		for term := 1; term <= 2; term++ {
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, term, same)
			require.Equal(t, term, again)
			require.ErrorIs(t, inner, failed)
			if term == 1 {
				require.NoError(t, e.StepDown(t.Context()))
			}
		}
		cancel()
		require.NoError(t, <-result)
		require.False(t, e.IsLeader())
	})
}

package runnertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/runnertest"
	"github.com/regent-ha/regent/lock/locktest"
)

// slowly is a Runner of one's own: it lets each term wait before it starts.
type slowly struct {
	leaderelection.Runner
	wait time.Duration
}

func (s slowly) Run(ctx context.Context, lead func(context.Context) error) error {
	return s.Runner.Run(ctx, func(ctx context.Context) error {
		select {
		case <-time.After(s.wait):
			return lead(ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// TestRunnerOfOnesOwn shows how a Runner is put to the test.
func TestRunnerOfOnesOwn(t *testing.T) {
	runnertest.TestInBubble(t, func(t *testing.T) runnertest.Subject {
		store := locktest.NewStore()
		return runnertest.Subject{
			Runner: func() leaderelection.Runner {
				return slowly{newElector(t, store.Client("lock")), 5 * time.Second}
			},
			Lose: func() { store.Delete("lock") },
		}
	})
}

package controller_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// A renewal that is answered at the last moment may move the deadline just
// after a worker saw it pass. The worker goes on, and so does its object.
func TestTermThatIsExtendedAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var deadline atomic.Pointer[time.Time]
		lasts := func(d time.Duration) {
			at := time.Now().Add(d)
			deadline.Store(&at)
		}
		lasts(time.Minute)
		term := leaderelection.NewTerm(leaderelection.TermConfig{
			Token: 7, Identity: "me", Deadline: func() time.Time { return *deadline.Load() },
		})
		c, j := newCluster("a"), &journal{}
		ctrl := controller.New(&controller.Config{ConcurrentWorkers: 1}, j, c, nil, nil, logger)
		run := begin(t, leaderelection.WithTerm(t.Context(), term), ctrl.Run)
		require.Equal(t, []string{"a=0"}, j.take())
		for _, change := range []string{"1", "2"} {
			lasts(0)
			c.set("a", change)
			time.Sleep(10 * time.Second)
			require.Empty(t, j.take(), "the term is not valid")
			lasts(time.Minute)
			time.Sleep(time.Second)
			require.Equal(t, []string{"a=" + change}, j.take())
		}
		lasts(0)
		c.set("a", "3")
		synctest.Wait()
		before := time.Now()
		run.end(leaderelection.ErrDeadline)
		run.requireReturned(t)
		require.Zero(t, time.Since(before))
		require.Empty(t, j.take())
	})
}

package controller_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// Objects may change, and go, while the promotion's pass queues them.
func TestChangesInTheMidstOfAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const objects = 2000
		c, j, s := newCluster(), &journal{}, newSwitchboard()
		for i := range objects {
			c.set(fmt.Sprint(i), "0")
		}
		launch(t, nil, both(j), c, s, nil)
		s.grants <- struct{}{} // and while that is taken:
		for i := range objects {
			switch i % 40 { // a fake watch takes in 100 events, unread
			case 0:
				c.set(fmt.Sprint(i), "1")
			case 1:
				c.remove(fmt.Sprint(i))
			}
		}
		synctest.Wait()
		calls := make(map[string][]string)
		for _, call := range j.take() {
			name, _, _ := strings.Cut(strings.TrimPrefix(call, "gone "), "=")
			calls[name] = append(calls[name], call)
		}
		for i := range objects {
			name := fmt.Sprint(i)
			of := calls[name]
			if i%40 == 1 {
				require.LessOrEqual(t, len(of), 2)
				require.Equal(t, slices.Contains(of, "gone "+name+"=0"), len(of) > 0, "handled before it went: its deletion, too")
				require.False(t, len(of) == 2 && of[0] == "gone "+name+"=0", "it is gone")
				continue
			}
			require.NotEmpty(t, of)
			require.Equal(t, name+map[bool]string{true: "=1", false: "=0"}[i%40 == 0], of[len(of)-1], "the newest state")
		}
	})
}

// depths is told how many keys wait.
type depths struct {
	controller.NoMetrics
	told func(keys int)
}

func (d depths) QueueDepth(_ string, keys int) { d.told(keys) }

func TestTermEndsInTheMidstOfAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, deepest := &journal{}, 0
		ctx, _, _ := outer(t)
		ctx, end := context.WithCancelCause(ctx)
		ctrl := controller.New(nil, j, newCluster("a", "b", "c"), nil, depths{told: func(keys int) {
			deepest = max(deepest, keys)
			end(leaderelection.ErrTaken) // when the first key comes
		}}, logger)
		run := begin(t, ctx, ctrl.Run)
		run.requireReturned(t)
		require.Equal(t, 1, deepest, "it does not go on")
		require.Empty(t, j.take())
	})
}

package controller_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// recording is a MetricsRecorder that notes its calls.
type recording struct {
	journal
	depths []int
}

var _ controller.MetricsRecorder = (*recording)(nil)

func (r *recording) Leading(_ string, on bool) { r.note(fmt.Sprint("leading ", on)) }

func (r *recording) QueueDepth(_ string, keys int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.depths = append(r.depths, keys)
}

// queued returns all depths of the queue so far.
func (r *recording) queued() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.depths)
}

func (r *recording) last() int {
	depths := r.queued()
	return depths[len(depths)-1]
}

func (r *recording) QueueWait(_ string, d time.Duration) { r.note(fmt.Sprint("waited ", d)) }

func (r *recording) HandlingStarted(string) { r.note("started") }

func (r *recording) HandlingDone(_ string, took time.Duration, o controller.Outcome) {
	if took > 0 {
		r.note(fmt.Sprint("took ", took))
	}
	r.note("done " + string(o))
}

func (r *recording) Retry(_ string, d time.Duration) { r.note(fmt.Sprint("retry ", d)) }

func (r *recording) GaveUp(string) { r.note("gave up") }

func (r *recording) Overran(_ string, n int) { r.note(fmt.Sprint("overran ", n)) }

func (r *recording) Drained(_ string, n int, d time.Duration) {
	r.note(fmt.Sprint("drained ", n, " ", d))
}

func count(entries []string, entry string) (n int) {
	for _, e := range entries {
		if e == entry {
			n++
		}
	}
	return n
}

func TestMetricsOfOneCall(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  controller.Config
		call func(n int) error
		want []string
	}{
		"success": {
			call: func(int) error { time.Sleep(time.Second); return nil },
			want: []string{"waited 0s", "started", "took 1s", "done success"},
		},
		"requeue": {
			call: func(n int) error {
				if n == 1 {
					return controller.RequeueAfter(time.Second)
				}
				return nil
			},
			want: []string{"waited 0s", "started", "done requeue", "waited 0s", "started", "done success"},
		},
		"failure, then success": {
			cfg: controller.Config{RetryBaseDelay: time.Second},
			call: func(n int) error {
				if n == 1 {
					return errSick
				}
				return nil
			},
			want: []string{"waited 0s", "started", "done error", "retry 1s", "waited 0s", "started", "done success"},
		},
		"panic, given up": {
			cfg:  controller.Config{ProcessingJobRetries: -1},
			call: func(int) error { panic("oh") },
			want: []string{"waited 0s", "started", "done panic", "gave up"},
		},
		"two failures, given up": {
			cfg:  controller.Config{ProcessingJobRetries: 1, RetryBaseDelay: time.Second},
			call: func(int) error { return errSick },
			want: []string{"waited 0s", "started", "done error", "retry 1s", "waited 0s", "started", "done error", "gave up"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, n := &recording{}, 0
				c.cfg.ConcurrentWorkers = 1
				r := launch(t, &c.cfg, controller.HandlerFunc(func(context.Context, runtime.Object) error {
					n++
					return c.call(n)
				}), newCluster("a"), nil, m)
				time.Sleep(time.Minute)
				require.NoError(t, r.stop())
				want := append([]string{"leading true"}, c.want...)
				require.Equal(t, append(want, "drained 0 0s", "leading false"), m.take())
				require.Zero(t, m.last())
			})
		})
	}
}

func TestMetricsOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, c, s := &recording{}, newCluster("a", "b", "c"), newSwitchboard()
		launch(t, &controller.Config{ConcurrentWorkers: 1}, controller.HandlerFunc(func(context.Context, runtime.Object) error {
			time.Sleep(time.Second)
			return nil
		}), c, s, m)
		require.Empty(t, m.take(), "a standby has nothing to say")
		s.grant()
		// The worker takes the first key while others are still being queued.
		require.Equal(t, map[int]int{+1: 3, -1: 1}, steps(m.queued()))
		require.Equal(t, 2, m.last())
		time.Sleep(time.Minute)
		require.Equal(t, map[int]int{+1: 3, -1: 3}, steps(m.queued()))
		require.Zero(t, m.last())
		calls := m.take()
		for _, w := range []string{"waited 0s", "waited 1s", "waited 2s"} {
			require.Contains(t, calls, w)
		}
		s.end(leaderelection.ErrTaken)
		require.Equal(t, []string{"drained 0 0s", "leading false"}, m.take())
	})
}

// steps counts by how much a depth, from 0, has risen and fallen.
func steps(depths []int) map[int]int {
	counts, before := make(map[int]int), 0
	for _, depth := range depths {
		counts[depth-before]++
		before = depth
	}
	return counts
}

func TestMetricsOfKeysLeftInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, h := &recording{}, newInflight(true)
		_, s, c := leading(t, &controller.Config{ConcurrentWorkers: 1}, h, m)
		c.set("b", "0")
		c.set("c", "0")
		synctest.Wait()
		require.Equal(t, 2, m.last())
		s.end(leaderelection.ErrTaken)
		require.Zero(t, m.last(), "they wait for the next leader")
		require.Equal(t, 1, count(m.take(), "started"))
	})
}

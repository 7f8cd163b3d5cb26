package probe_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
)

// Whenever an endpoint dies, it is down within three seconds.
func TestDeadEndpointIsNoticedInTime(t *testing.T) {
	t.Parallel()
	for died := time.Duration(0); died < 2*time.Second; died += 70 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			var dead atomic.Bool
			var at time.Time
			cfg := probe.Config{OnTarget: func(c probe.TargetChange) {
				if c.To == probe.Down {
					at = c.At
				}
			}}
			p := run(t, cfg, target(1, fake(func(ctx context.Context, d probe.Destination) error {
				if dead.Load() {
					return silent(ctx, d)
				}
				return nil
			})))
			time.Sleep(10*time.Second + died)
			require.Equal(t, probe.Up, only(t, p).State)
			dead.Store(true)
			begin := time.Now()
			time.Sleep(3 * time.Second)
			s := only(t, p)
			require.Equal(t, probe.Down, s.State)
			require.Contains(t, s.LastError, "silence", "the check's own error")
			require.False(t, s.Serves)
			require.Greater(t, at.Sub(begin), time.Second)
			require.LessOrEqual(t, at.Sub(begin), probe.Target{}.Notice())
		})
	}
	require.Equal(t, 2800*time.Millisecond, probe.Target{}.Notice())
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		results := new(script)
		var log told
		cfg := log.config()
		cfg.NoticeWithin = 10 * time.Second
		p := run(t, cfg, probe.Target{Group: "web", Endpoint: endpoint(1), Rise: 2, Fall: 3, Probe: results})
		require.Equal(t, []string{"10.0.0.1:80 up"}, log.take(), "the first good check is enough")
		require.Equal(t, probe.Up, only(t, p).State)
		for _, c := range []struct {
			results []error
			tells   []string
		}{
			{[]error{errSick, errSick, nil, errSick, errSick, nil}, nil},
			{[]error{errSick, errSick, errSick}, []string{"10.0.0.1:80 down", "web all down true of 1"}},
			{[]error{nil, errSick, nil, errSick}, nil},
			{[]error{nil, nil}, []string{"10.0.0.1:80 up", "web all down false of 1"}},
		} {
			results.play(c.results)
			for results.left() > 0 {
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
			require.Equal(t, c.tells, log.take(), c.results)
		}
		require.ErrorIs(t, log.targets[1].Reason, errSick)
		require.NoError(t, log.targets[2].Reason)
		require.Equal(t, 3, only(t, p).Changes)
		require.Equal(t, log.targets[2].At, only(t, p).Since)
	})
}

func TestUnknownUntilProven(t *testing.T) {
	t.Parallel()
	for _, serves := range []bool{false, true} {
		t.Run(fmt.Sprint(serves), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log told
				cfg := log.config()
				cfg.UnknownServes = serves
				p := run(t, cfg, target(1, &patient{err: errSick}), target(2, fake(silent)))
				for _, s := range p.Status().Targets {
					require.Equal(t, probe.Unknown, s.State)
					require.Equal(t, serves, s.Serves)
				}
				require.Empty(t, log.take(), "one bad check proves nothing")
				time.Sleep(4 * time.Second)
				require.Equal(t, []string{"10.0.0.1:80 down", "10.0.0.2:80 down", "web all down true of 2"}, log.take())
				require.Equal(t, []probe.GroupStatus{{Group: "web", Down: 2, AllDown: true}}, p.Status().Groups)
			})
		})
	}
}

// All down is told once, and so is its end; other groups are none of it.
func TestAllDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		a, b, c := &patient{}, &patient{}, &patient{}
		other := probe.Target{Group: "mail", Endpoint: endpoint(1), Probe: c}
		p := run(t, log.config(), target(1, a), target(2, b), other)
		time.Sleep(2 * time.Second)
		log.take()
		a.set(errSick)
		time.Sleep(3 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80 down"}, log.take())
		b.set(errSick)
		time.Sleep(30 * time.Second)
		require.Equal(t, []string{"10.0.0.2:80 down", "web all down true of 2"}, log.take())
		a.set(nil)
		time.Sleep(3 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80 up", "web all down false of 2"}, log.take())

		require.NoError(t, p.Set([]probe.Target{target(2, b), other}))
		require.Equal(t, []string{"web all down true of 1"}, log.take(), "the one that was up is gone")
		require.NoError(t, p.Set([]probe.Target{other}))
		require.Equal(t, []string{"web all down false of 0"}, log.take())
		require.Equal(t, []probe.GroupStatus{{Group: "mail", Up: 1}}, p.Status().Groups)
	})
}

// A target that stays keeps its state, and what goes is checked no more, though
// a check of it is under way.
func TestSetWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		var ended atomic.Int32
		stays, goes := &patient{}, fake(func(ctx context.Context, _ probe.Destination) error {
			<-ctx.Done()
			ended.Add(1)
			return ctx.Err()
		})
		p := run(t, log.config(), target(1, stays), target(2, goes))
		time.Sleep(600 * time.Millisecond)
		before := p.Status().Targets[0]
		require.Equal(t, probe.Up, before.State)
		require.Zero(t, ended.Load())

		changed := target(1, stays)
		changed.Interval = 200 * time.Millisecond
		require.NoError(t, p.Set([]probe.Target{changed, target(3, &patient{})}))
		require.Equal(t, []string{"10.0.0.1:80 up", "10.0.0.3:80 up"}, log.take(), "a new one is checked at once")
		require.EqualValues(t, 1, ended.Load(), "its check was told to end")
		s := p.Status().Targets
		require.Len(t, s, 2)
		require.Equal(t, before.Since, s[0].Since)
		checks := stays.count()
		time.Sleep(2 * time.Second)
		require.InDelta(t, 10, stays.count()-checks, 1, "the new interval")
		require.Empty(t, log.take())
		require.EqualValues(t, 1, ended.Load())

		twice := []probe.Target{target(3, stays), target(3, stays)}
		require.ErrorContains(t, p.Set(twice), `Targets[1] 10.0.0.3:80 is Targets[0] as well, in the group "web"`)
		require.Len(t, p.Status().Targets, 2, "a set that is refused changes nothing")
	})
}

// A shorter interval does not wait for the end of a long one.
func TestShorterInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &patient{}
		one := target(1, s)
		one.Interval = time.Hour
		p := run(t, probe.Config{NoticeWithin: 24 * time.Hour}, one)
		time.Sleep(time.Minute)
		require.Equal(t, 1, s.count())
		one.Interval = time.Second
		require.NoError(t, p.Set([]probe.Target{one}))
		time.Sleep(10 * time.Second)
		require.InDelta(t, 10, s.count()-1, 1)
	})
}

// A check that ignores its context is a bad one, again each interval, delays no
// other, and is joined.
func TestHangingCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var log told
		p, err := probe.New(log.config())
		require.NoError(t, err)
		var hung atomic.Int32
		well := &patient{}
		require.NoError(t, p.Set([]probe.Target{target(1, fake(func(context.Context, probe.Destination) error {
			hung.Add(1)
			<-release
			return nil
		})), target(2, well)}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(3 * time.Second)
		require.Equal(t, []string{"10.0.0.2:80 up", "10.0.0.1:80 down"}, log.take())
		require.ErrorIs(t, log.targets[1].Reason, probe.ErrHung)
		require.EqualValues(t, 1, hung.Load(), "one check at a time")
		require.GreaterOrEqual(t, well.count(), 3)
		cancel()
		time.Sleep(time.Hour)
		require.Empty(t, ended, "Run waits for it")
		close(release)
		require.NoError(t, <-ended)
		require.ErrorIs(t, p.Run(t.Context()), probe.ErrRun)
		require.ErrorIs(t, p.Set(nil), probe.ErrRun)
	})
}

// A good result after the timeout is a bad one.
func TestLateResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := run(t, probe.Config{}, target(1, fake(func(ctx context.Context, _ probe.Destination) error {
			<-ctx.Done()
			return nil
		})))
		time.Sleep(3 * time.Second)
		require.Equal(t, probe.Down, only(t, p).State)
		require.Equal(t, probe.ErrHung.Error(), only(t, p).LastError)
	})
}

// A check that fails since Run ends is no verdict.
func TestShutdownTellsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		cfg := log.config()
		p, err := probe.New(cfg)
		require.NoError(t, err)
		one := target(1, fake(silent))
		one.Fall = 1
		require.NoError(t, p.Set([]probe.Target{one}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(10 * time.Millisecond)
		cancel()
		require.NoError(t, <-ended)
		require.Empty(t, log.take())
		require.Equal(t, probe.Unknown, only(t, p).State)
	})
}

// Ten thousand first checks come evenly, and what comes later does not fall into
// step.
func TestChecksAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 10000
		buckets := make(map[time.Duration]int)
		begin := time.Now()
		var all []probe.Target
		var mu sync.Mutex
		one := fake(func(context.Context, probe.Destination) error {
			mu.Lock()
			defer mu.Unlock()
			buckets[time.Since(begin)/(100*time.Millisecond)]++
			return nil
		})
		for i := range n {
			all = append(all, target(i+1, one))
		}
		p := run(t, probe.Config{}, all...)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		for i := range time.Duration(30) {
			// The second round begins a little before the first is over.
			require.InDelta(t, n/10, buckets[i], n/25, "in tenth %d of a second", i)
		}
		require.Zero(t, p.Status().Late)
	})
}

// No more checks run at once than are allowed; those that wait are counted, and
// waiting is no failure.
func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		slow := fake(func(context.Context, probe.Destination) error {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(700 * time.Millisecond)
			running.Add(-1)
			return nil
		})
		var log told
		cfg := log.config()
		cfg.Concurrency = 3
		var all []probe.Target
		for i := range 20 {
			all = append(all, target(i, slow))
		}
		p := run(t, cfg, all...)
		time.Sleep(10 * time.Second)
		require.EqualValues(t, 3, most.Load())
		require.NotZero(t, p.Status().Late)
		require.Len(t, log.take(), 20, "all are up, none went down")
	})
}

// Slow checks, each as long as may be, delay none of the others.
func TestSlowChecksDelayNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		well := &patient{}
		all := []probe.Target{target(0, well)}
		for i := range 500 {
			all = append(all, target(i+1, fake(silent)))
		}
		p := run(t, probe.Config{}, all...)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		gaps := make(map[time.Duration]bool)
		for i := range well.checks[1:] {
			gap := well.checks[i+1].Sub(well.checks[i])
			gaps[gap] = true
			require.LessOrEqual(t, gap, time.Second)
			require.GreaterOrEqual(t, gap, 950*time.Millisecond)
		}
		require.Greater(t, len(gaps), 10, "jitter keeps checks from falling into step")
		require.Zero(t, p.Status().Late)
		require.Equal(t, []probe.GroupStatus{{Group: "web", Up: 1, Down: 500}}, p.Status().Groups)
	})
}

package ha_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

func always(*http.Request) error { return nil }

var errBroken = errors.New("broken")

func TestFailuresEndTheGroupInOrder(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		run  func(context.Context) error
		is   error
		text string
	}{
		"error":  {func(context.Context) error { return errBroken }, errBroken, `component "bad": broken`},
		"early":  {func(context.Context) error { return nil }, ha.ErrReturnedEarly, `component "bad": returned before its context ended; mend:`},
		"panic":  {func(context.Context) error { panic(errBroken) }, errBroken, "failure_test.go"},
		"goexit": {func(context.Context) error { runtime.Goexit(); return nil }, nil, "runtime.Goexit"},
		"index":  {func(context.Context) error { none := []int{}; return errors.New(string(rune(none[len(none)]))) }, nil, "index out of range"},
	}
	for name, failure := range failures {
		for _, leader := range []bool{false, true} {
			t.Run(name+map[bool]string{false: " of Always", true: " of Leader"}[leader], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := new(stage)
					r := newRunner(s)
					fails := make(chan struct{})
					bad := ha.Component{Name: "bad", Run: func(ctx context.Context) error {
						<-fails
						return failure.run(ctx)
					}}
					cfg := ha.Config{Runner: r, Always: []ha.Component{s.component("a")}, Leader: []ha.Component{s.component("x")}}
					if leader {
						cfg.Leader = append(cfg.Leader, bad)
					} else {
						cfg.Always = append(cfg.Always, bad)
					}
					p := start(t, cfg)
					r.begin <- new(leaderelection.Term)
					synctest.Wait()
					s.said()
					close(fails)
					err := <-p.result
					require.Equal(t, "x stops, released, a stops", s.said())
					require.ErrorContains(t, err, failure.text)
					if failure.is != nil {
						require.ErrorIs(t, err, failure.is)
					}
					var of *ha.ComponentError
					require.ErrorAs(t, err, &of)
					require.Equal(t, "bad", of.Component)
					require.Equal(t, ha.StateFailed, p.state("bad"))
					require.ErrorContains(t, p.Status().ShuttingDown, `"bad"`)
				})
			})
		}
	}
}

func TestFailedWarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		x := s.component("x")
		x.Warm = func(context.Context) error { return errBroken }
		p := start(t, ha.Config{Runner: newRunner(s), Always: []ha.Component{s.component("a")}, Leader: []ha.Component{x}})
		err := <-p.result
		require.ErrorIs(t, err, errBroken)
		require.ErrorContains(t, err, `component "x": warm: `)
		require.NotContains(t, s.said(), "campaigns")
	})
}

// What goes wrong while it drains is Run's result; what went wrong while
// another term drained is in the log.
func TestErrorsOfTheDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		r := newRunner(s)
		x := ha.Component{Name: "x", Run: func(ctx context.Context) error {
			<-ctx.Done()
			return errBroken
		}}
		p := start(t, ha.Config{Runner: r, Leader: []ha.Component{x}, Always: []ha.Component{s.component("a")}})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		r.end <- leaderelection.ErrTaken
		synctest.Wait()
		require.Equal(t, ha.StateStandby, p.state("x"))
		require.NoError(t, p.Status().Ready)
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		require.Equal(t, ha.StateRunning, p.state("x"))
		require.ErrorIs(t, p.stop(), errBroken)
		require.Equal(t, ha.StateFailed, p.state("x"))
	})
}

func TestRunnerGivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ result, is error }{
		"loss":  {leaderelection.ErrLeadershipLost, leaderelection.ErrLeadershipLost},
		"early": {nil, ha.ErrRunnerReturned},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := new(stage)
				r := newRunner(s)
				p := start(t, ha.Config{Runner: r, Always: []ha.Component{s.component("a")}, Leader: []ha.Component{s.component("x")}})
				s.said()
				r.result <- c.result
				require.ErrorIs(t, <-p.result, c.is)
				require.Equal(t, "released, a stops", s.said())
			})
		})
	}
}

// A Runner that ignores its context keeps Run, but not the other components.
func TestRunnerDoesNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		release := make(chan struct{})
		p := start(t, ha.Config{Runner: deaf(release), Always: []ha.Component{s.component("a")}, Leader: []ha.Component{s.component("x")}})
		p.cancel()
		time.Sleep(time.Minute)
		require.Equal(t, "a starts, a stops", s.said())
		require.Empty(t, p.result)
		close(release)
		require.NoError(t, <-p.result)
	})
}

type deaf chan struct{}

func (d deaf) Run(context.Context, func(context.Context) error) error {
	<-d
	return nil
}

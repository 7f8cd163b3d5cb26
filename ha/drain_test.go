package ha_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

func TestLossTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release := new(stage), make(chan struct{})
		overruns := make(chan ha.Overrun, 9)
		r := newRunner(s)
		p := start(t, ha.Config{
			Runner:    r,
			Leader:    []ha.Component{s.component("x"), s.after("y", release)},
			OnOverrun: func(o ha.Overrun) { overruns <- o },
		})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		s.said()
		r.end <- leaderelection.ErrDeadline
		synctest.Wait()
		require.Equal(t, "x stops, y is told", s.sorted())
		require.Equal(t, ha.StateDraining, p.state("y"))
		time.Sleep(time.Second + 1)
		o := <-overruns
		require.Equal(t, "y", o.Component)
		require.ErrorIs(t, o.Cause, leaderelection.ErrDeadline)
		require.Equal(t, ha.StateOverrun, p.state("y"))
		require.Equal(t, ha.ModeLeader, p.Status().Mode, "until the last has returned")
		close(release)
		synctest.Wait()
		require.Equal(t, ha.ModeNonLeader, p.Status().Mode)
		require.Equal(t, ha.StateStandby, p.state("y"))
		require.NoError(t, p.stop())
	})
}

func TestLostWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release, over := new(stage), make(chan struct{}), make(chan struct{})
		r := newRunner(s)
		p := start(t, ha.Config{Runner: r, Leader: []ha.Component{s.component("x"), s.after("y", release)}})
		r.begin <- leaderelection.NewTerm(leaderelection.TermConfig{Done: over})
		synctest.Wait()
		s.said()
		r.end <- leaderelection.ErrSteppedDown
		synctest.Wait()
		require.Equal(t, "y is told", s.said())
		close(over)
		synctest.Wait()
		require.Equal(t, "x stops", s.said())
		close(release)
		require.NoError(t, p.stop())
	})
}

func TestSteppedDownAndCampaignsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		r := newRunner(s)
		p := start(t, ha.Config{Runner: r, Leader: []ha.Component{s.component("x"), s.component("y")}})
		for range 2 {
			r.begin <- new(leaderelection.Term)
			synctest.Wait()
			s.said()
			r.end <- leaderelection.ErrSteppedDown
			synctest.Wait()
			require.Equal(t, "y stops, x stops", s.said())
		}
		require.NoError(t, p.stop())
	})
}

// One that ignores its context is named, with what it does; the others get
// their turn, and the lock is kept.
func TestOverrun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release := new(stage), make(chan struct{})
		overruns := make(chan ha.Overrun, 999)
		r := newRunner(s)
		p := start(t, ha.Config{
			Runner:       r,
			Always:       []ha.Component{s.component("a"), s.component("b")},
			Leader:       []ha.Component{s.component("x"), s.after("stubborn", release)},
			DrainTimeout: 40 * time.Second,
			OnOverrun:    func(o ha.Overrun) { overruns <- o },
		})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		s.said()
		p.cancel()
		time.Sleep(10*time.Second - 1) // a quarter is its share
		synctest.Wait()
		require.Equal(t, "stubborn is told", s.said())
		require.Empty(t, overruns)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, "x stops, b stops, a stops", s.said())
		o := <-overruns
		require.Equal(t, "stubborn", o.Component)
		require.Equal(t, 10*time.Second, o.For)
		require.ErrorIs(t, o.Cause, leaderelection.ErrShutdown)
		require.Contains(t, o.Stack, "(*stage).after.", "where it hangs")
		require.NotContains(t, o.Stack, "(*stage).component.", "no other's goroutines")
		require.Regexp(t, `^1 at\n\t\S+`, o.Stack)
		require.NotContains(t, o.Stack, "0x")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, overruns, 360, "it is said again, every 10 s")
		require.Empty(t, s.said(), "not released")
		close(release)
		require.NoError(t, <-p.result)
		require.Equal(t, "stubborn stops, released", s.said())
	})
}

func TestSlowWarmIsReportedAndJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release := new(stage), make(chan struct{})
		overruns := make(chan ha.Overrun, 9)
		x := s.component("x")
		x.Warm = s.after("warm", release).Run
		x.Check = always
		p := start(t, ha.Config{Leader: []ha.Component{x}, OnOverrun: func(o ha.Overrun) { overruns <- o }})
		p.cancel()
		synctest.Wait()
		require.True(t, strings.HasSuffix(s.said(), "x stops, warm is told"))
		time.Sleep(ha.DefaultDrainTimeout)
		require.Equal(t, "x", (<-overruns).Component)
		close(release)
		require.NoError(t, <-p.result)
		require.Equal(t, "warm stops", s.said())
	})
}

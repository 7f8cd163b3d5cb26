package ha_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

func TestPlainStartsAndStopsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		p := start(t, ha.Config{
			Always: []ha.Component{s.component("a"), s.component("b")},
			Leader: []ha.Component{s.component("x"), s.component("y")},
		})
		require.Equal(t, "a starts, b starts, x starts, y starts", s.sorted())
		status := p.Status()
		require.Equal(t, ha.ModeLeader, status.Mode)
		require.NoError(t, status.Ready)
		require.Equal(t, ha.StateRunning, p.state("x"))
		require.NoError(t, p.stop())
		require.Equal(t, "y stops, x stops, b stops, a stops", s.said())
		require.Equal(t, ha.StateStopped, p.state("a"))
		require.Error(t, p.Status().Ready)
	})
}

func TestAlwaysStartOnceTheOneBeforeIsReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		var serves atomic.Bool
		a := s.component("a")
		a.Check = func(*http.Request) error {
			if !serves.Load() {
				return errors.New("does not listen")
			}
			return nil
		}
		r := newRunner(s)
		p := start(t, ha.Config{Runner: r, Always: []ha.Component{a, s.component("b")}, Leader: []ha.Component{s.component("x")}})
		time.Sleep(time.Minute)
		require.Equal(t, "a starts", s.said())
		require.Equal(t, ha.StateWarming, p.state("a"))
		require.Equal(t, ha.StateWaiting, p.state("b"))
		require.ErrorContains(t, p.Status().Ready, "does not listen")
		serves.Store(true)
		time.Sleep(time.Second)
		require.Equal(t, "b starts, campaigns", s.sorted())
		require.NoError(t, p.Status().Ready)
		require.NoError(t, p.stop())
	})
}

func TestCampaignsOnceAllAreWarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		filled := make(chan struct{})
		var synced atomic.Bool
		x, y := s.component("x"), s.component("y")
		x.Warm = func(ctx context.Context) error { <-ctx.Done(); return nil }
		x.Check = func(*http.Request) error {
			if !synced.Load() {
				return errors.New("no list yet")
			}
			return nil
		}
		y.Warm = func(context.Context) error { <-filled; return nil } // and nothing is left to do
		p := start(t, ha.Config{Runner: newRunner(s), Always: []ha.Component{s.component("a")}, Leader: []ha.Component{x, y}})
		time.Sleep(time.Minute)
		require.Equal(t, "a starts", s.said())
		require.ErrorContains(t, p.Status().Ready, "no list yet")
		require.ErrorContains(t, p.Status().Ready, "Warm has not returned")
		synced.Store(true)
		time.Sleep(time.Minute)
		require.Empty(t, s.said())
		require.Equal(t, ha.StateStandby, p.state("x"))
		require.Equal(t, ha.StateWarming, p.state("y"))
		close(filled)
		time.Sleep(time.Second)
		require.Equal(t, "campaigns", s.said())
		require.Equal(t, ha.StateStandby, p.state("y"))
		require.Equal(t, ha.ModeNonLeader, p.Status().Mode)
		require.NoError(t, p.stop())
	})
}

func TestPromotedAndDemotedInPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		var terms []uint64
		x := s.component("x")
		run := x.Run
		x.Run = func(ctx context.Context) error {
			term, ok := leaderelection.TermFromContext(ctx)
			require.True(t, ok)
			terms = append(terms, term.Token())
			return run(ctx)
		}
		r := newRunner(s)
		p := start(t, ha.Config{Runner: r, Always: []ha.Component{s.component("a")}, Leader: []ha.Component{x}})
		require.Equal(t, "a starts, campaigns", s.said())
		for token := range uint64(3) {
			r.begin <- leaderelection.NewTerm(leaderelection.TermConfig{Token: token})
			synctest.Wait()
			require.Equal(t, "x starts", s.said())
			require.Equal(t, ha.ModeLeader, p.Status().Mode)
			require.NoError(t, p.Status().Ready)
			r.end <- leaderelection.ErrTaken
			synctest.Wait()
			require.Equal(t, "x stops", s.said())
			require.Equal(t, ha.ModeNonLeader, p.Status().Mode)
			require.Equal(t, ha.StateStandby, p.state("x"))
			require.Equal(t, ha.StateRunning, p.state("a"))
			require.NoError(t, p.Status().Ready)
		}
		require.NoError(t, p.stop())
		require.Equal(t, "released, a stops", s.said())
		require.Equal(t, []uint64{0, 1, 2}, terms)
		require.Equal(t, 3, p.Status().Components[1].Starts)
	})
}

func TestReleasedAfterLeadersBeforeAlways(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		r := newRunner(s)
		p := start(t, ha.Config{Runner: r, Always: []ha.Component{s.component("a")}, Leader: []ha.Component{s.component("x"), s.component("y")}, ShutdownDelay: time.Minute})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		s.said()
		p.cancel()
		synctest.Wait()
		require.Equal(t, "y stops, x stops, released", s.said(), "at once")
		require.ErrorContains(t, p.Status().Ready, "shutting down")
		require.Equal(t, ha.StateRunning, p.state("a"), "serves on for ShutdownDelay")
		began := time.Now()
		require.NoError(t, <-p.result)
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, "a stops", s.said())
	})
}

func TestShutdownBeforeTheStartIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		a := s.component("a")
		a.Check = func(*http.Request) error { return errors.New("never") }
		p := start(t, ha.Config{Always: []ha.Component{a, s.component("b")}, Leader: []ha.Component{s.component("x")}})
		require.NoError(t, p.stop())
		require.Equal(t, "a starts, a stops", s.said())
		require.Equal(t, ha.StateStopped, p.state("x"))
	})
}

func TestOneRunAtATimeAndAgainAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		p := start(t, ha.Config{Always: []ha.Component{s.component("a")}})
		require.ErrorIs(t, p.Run(t.Context()), ha.ErrRunning)
		require.NoError(t, p.stop())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		require.NoError(t, p.Run(ctx))
		require.Equal(t, "a starts, a stops, a starts, a stops", s.said())
		require.NoError(t, p.Run(ctx), "it has ended already")
		require.Empty(t, s.said())
	})
	require.ErrorIs(t, (*ha.Group)(nil).Run(t.Context()), ha.ErrNilGroup)
}

package ha_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// stuckLog is a log whose writes of one message block, as those to a full pipe.
type stuckLog struct {
	message string
	block   chan struct{}
}

func (l stuckLog) Enabled(context.Context, slog.Level) bool { return true }
func (l stuckLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l stuckLog) WithGroup(string) slog.Handler            { return l }
func (l stuckLog) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, l.message) {
		<-l.block
	}
	return nil
}

// elected runs a Group on an Elector that leads.
func elected(t *testing.T, cfg ha.Config) (*play, *leaderelection.Elector, *locktest.Client) {
	t.Helper()
	client := locktest.NewStore().Client("lock")
	elector, err := leaderelection.NewElector(leaderelection.Config{
		Lock: client, Identity: "a", Now: locktest.Clock(), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	cfg.Runner = elector
	p := start(t, cfg)
	time.Sleep(time.Minute + time.Second) // the last renewal was a second ago
	require.True(t, elector.IsLeader())
	return p, elector, client
}

// Whatever a log does, a loss reaches the components.
func TestLossPassesAStuckLog(t *testing.T) {
	t.Parallel()
	t.Run("at the start of the term", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, block := new(stage), make(chan struct{})
			p, _, client := elected(t, ha.Config{
				Leader: []ha.Component{s.component("x")}, Logger: slog.New(stuckLog{"leading: ", block}),
			})
			client.Cut()
			time.Sleep(leaderelection.DefaultRenewDeadline)
			require.Equal(t, "x starts, x stops", s.said())
			close(block)
			require.NoError(t, p.stop())
		})
	})
	t.Run("while a drain overruns", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, block, release := new(stage), make(chan struct{}), make(chan struct{})
			p, elector, client := elected(t, ha.Config{
				Leader: []ha.Component{s.component("x"), s.after("y", release), s.after("z", release)},
				Logger: slog.New(stuckLog{"a component does not return", block}),
			})
			s.said()
			down := make(chan error, 1)
			go func() { down <- elector.StepDown(t.Context()) }()
			time.Sleep(ha.DefaultDrainTimeout/3 + time.Second) // z's share is over, y's is not
			require.Equal(t, "z is told, y is told", s.said())
			client.Cut()
			time.Sleep(leaderelection.DefaultRenewDeadline)
			require.Equal(t, "x stops", s.said())
			close(block)
			close(release)
			require.NoError(t, p.stop())
			require.Error(t, <-down, "the lock was lost meanwhile")
		})
	})
}

// A component that notices a loss before it is told does not end the Group.
func TestLossIsSeenByTheTermFirst(t *testing.T) {
	t.Parallel()
	for range 100 { // a race, both of whose outcomes are right
		synctest.Test(t, func(t *testing.T) {
			x := ha.Component{Name: "x", Run: func(ctx context.Context) error {
				term, _ := leaderelection.TermFromContext(ctx)
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-term.Done():
					return leaderelection.ErrNoTerm // of a write that the gate refused
				}
			}}
			r, over := newRunner(new(stage)), make(chan struct{})
			p := start(t, ha.Config{Runner: r, Leader: []ha.Component{x}, Logger: slog.New(slog.DiscardHandler)})
			r.begin <- leaderelection.NewTerm(leaderelection.TermConfig{Done: over})
			synctest.Wait()
			close(over) // an Elector ends the context after that
			synctest.Wait()
			r.end <- leaderelection.ErrTaken
			synctest.Wait()
			require.Empty(t, p.result)
			require.Equal(t, ha.StateStandby, p.state("x"))
			require.NoError(t, p.stop())
		})
	}
}

// One that returns when its grace is over, as the next term begins, has not
// overrun in that.
func TestOverrunIsNotTheNextTerms(t *testing.T) {
	t.Parallel()
	for range 100 { // likewise
		synctest.Test(t, func(t *testing.T) {
			r := newRunner(new(stage))
			x := ha.Component{Name: "x", Run: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				return nil
			}}
			p := start(t, ha.Config{Runner: r, Leader: []ha.Component{x}, Logger: slog.New(slog.DiscardHandler)})
			r.begin <- new(leaderelection.Term)
			synctest.Wait()
			r.end <- leaderelection.ErrTaken
			r.begin <- new(leaderelection.Term) // as soon as lead has returned
			time.Sleep(time.Minute)
			require.Equal(t, ha.StateRunning, p.state("x"))
			require.NoError(t, p.stop())
		})
	}
}

// A log may ask the Group.
func TestLogMayAskForTheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		asks := new(askingLog)
		p := start(t, ha.Config{Leader: []ha.Component{s.component("x")}, Logger: slog.New(asks)})
		asks.group.Store(p.Group)
		require.NoError(t, p.stop())
	})
}

type askingLog struct{ group atomic.Pointer[ha.Group] }

func (l *askingLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *askingLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *askingLog) WithGroup(string) slog.Handler            { return l }
func (l *askingLog) Handle(context.Context, slog.Record) error {
	if g := l.group.Load(); g != nil {
		_ = g.Status()
	}
	return nil
}

func TestCheckThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		b := s.component("b")
		b.Check = func(*http.Request) error { panic(errBroken) }
		p := start(t, ha.Config{Always: []ha.Component{s.component("a"), b}, Leader: []ha.Component{s.component("x")}})
		err := <-p.result
		require.ErrorIs(t, err, errBroken)
		require.ErrorContains(t, err, `component "b": check: panic`)
		require.Equal(t, "a starts, b starts, b stops, a stops", s.said(), "nothing runs on")
	})
}

func TestCheckThatBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release := new(stage), make(chan struct{})
		a := s.component("a")
		a.Check = func(*http.Request) error { <-release; return nil }
		p := start(t, ha.Config{Always: []ha.Component{a}})
		time.Sleep(time.Minute)
		require.ErrorContains(t, p.Status().Ready, `component "a" is not ready: its Check has not returned for 1m1s; mend:`)
		require.NoError(t, p.stop())
		require.Equal(t, "a starts, a stops", s.said())
		close(release)
	})
}

// The components of Always are told after those of Leader, also if a term
// drained already when the order came.
func TestShutdownWhileSteppingDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release := new(stage), make(chan struct{})
		r := newRunner(s)
		p := start(t, ha.Config{
			Runner: r, Leader: []ha.Component{s.component("x"), s.after("y", release)},
			Always: []ha.Component{s.component("a"), s.component("b"), s.component("c")}, DrainTimeout: 50 * time.Second,
		})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		s.said()
		r.end <- leaderelection.ErrSteppedDown
		time.Sleep(5 * time.Second)
		p.cancel()
		time.Sleep(10 * time.Second) // a fifth of the shutdown's budget
		synctest.Wait()
		require.Equal(t, "y is told, x stops, c stops, b stops, a stops", s.said())
		close(release)
		require.NoError(t, <-p.result)
	})
}

// What is joined to a cancellation is not lost.
func TestErrorBesideACancellation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrap func(error) error
		want error
	}{
		"joined":  {func(err error) error { return errors.Join(err, errBroken) }, errBroken},
		"alone":   {func(err error) error { return err }, nil},
		"a list":  {func(error) error { return manyErrors{errBroken} }, errBroken},
		"wrapped": {func(err error) error { return errors.Join(&ha.ComponentError{Component: "inner", Err: err}, err) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := ha.Component{Name: "x", Run: func(ctx context.Context) error {
					<-ctx.Done()
					return c.wrap(ctx.Err())
				}}
				require.ErrorIs(t, start(t, ha.Config{Leader: []ha.Component{x}}).stop(), c.want)
			})
		})
	}
}

// manyErrors is an error that cannot be compared.
type manyErrors []error

func (m manyErrors) Error() string   { return errors.Join(m...).Error() }
func (m manyErrors) Unwrap() []error { return m }

// An error that cannot be compared may be the cause of a term's end, and what a
// component returns.
func TestErrorsThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(new(stage))
		x := ha.Component{Name: "x", Run: func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		p := start(t, ha.Config{Runner: r, Leader: []ha.Component{x}})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		r.end <- manyErrors{errBroken}
		synctest.Wait()
		require.Equal(t, ha.StateStandby, p.state("x"))
		require.NoError(t, p.stop())
	})
}

// A panic ends the Group even while a lost term drains: what panicked may have
// left anything behind.
func TestPanicInTheDrainOfATerm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		r := newRunner(s)
		x := ha.Component{Name: "x", Run: func(ctx context.Context) error {
			<-ctx.Done()
			panic(errBroken)
		}}
		p := start(t, ha.Config{Runner: r, Leader: []ha.Component{x}, Always: []ha.Component{s.component("a")}})
		r.begin <- new(leaderelection.Term)
		synctest.Wait()
		r.end <- leaderelection.ErrTaken
		require.ErrorIs(t, <-p.result, errBroken)
	})
}

// A component may be done before its turn to be told has come.
func TestReturnsBeforeItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, release, ends := new(stage), make(chan struct{}), make(chan struct{})
		a := ha.Component{Name: "a", Run: func(context.Context) error { <-ends; return nil }}
		p := start(t, ha.Config{Always: []ha.Component{a, s.after("b", release)}})
		p.cancel()
		synctest.Wait()
		require.Equal(t, ha.StateRunning, p.state("a"))
		close(ends)
		synctest.Wait()
		close(release)
		require.NoError(t, <-p.result)
	})
}

func TestNeverReadyEndsWithoutDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		bad := ha.Component{Name: "bad", Run: func(context.Context) error { return errBroken }, Check: func(*http.Request) error { return errBroken }}
		p := start(t, ha.Config{Always: []ha.Component{bad}, ShutdownDelay: time.Minute})
		require.ErrorIs(t, <-p.result, errBroken)
		require.Zero(t, time.Since(began))
	})
}

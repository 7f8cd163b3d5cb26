package controller_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// switchboard is a Runner whose terms the test grants and ends.
type switchboard struct {
	grants chan struct{}

	mu     sync.Mutex // guards the fields below
	cancel context.CancelCauseFunc
	expire func()
	joined int // terms whose work has returned
}

func newSwitchboard() *switchboard { return &switchboard{grants: make(chan struct{}, 1)} }

func (s *switchboard) Run(ctx context.Context, lead func(context.Context) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.grants:
		}
		if err := s.term(ctx, lead); ctx.Err() == nil && err != nil {
			return err
		}
	}
}

// term runs lead with a Term that is Plain's, and ends when the test says so.
func (s *switchboard) term(ctx context.Context, lead func(context.Context) error) error {
	contexts, expired, ended := make(chan context.Context), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = leaderelection.Plain{}.Run(context.WithoutCancel(ctx), func(ctx context.Context) error {
			contexts <- ctx
			<-expired
			return nil
		})
	}()
	work, cancel := context.WithCancelCause(context.WithoutCancel(<-contexts))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(leaderelection.ErrShutdown) })()
	expire := sync.OnceFunc(func() { close(expired) })
	s.mu.Lock()
	s.cancel, s.expire = cancel, expire
	s.mu.Unlock()

	err := lead(work)
	s.mu.Lock()
	s.joined++
	s.mu.Unlock()
	expire()
	<-ended
	return err
}

// grant begins a term and waits until everything rests.
func (s *switchboard) grant() {
	s.grants <- struct{}{}
	synctest.Wait()
}

// end cancels the term's work and waits until everything rests.
func (s *switchboard) end(cause error) {
	s.mu.Lock()
	cancel := s.cancel
	s.mu.Unlock()
	cancel(cause)
	synctest.Wait()
}

// invalidate ends the Term itself.
func (s *switchboard) invalidate() {
	s.mu.Lock()
	expire := s.expire
	s.mu.Unlock()
	expire()
	synctest.Wait()
}

func (s *switchboard) terms() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joined
}

// mode is a way to lead, which has to make no difference.
type mode struct {
	name   string
	runner leaderelection.Runner
	lead   func() // makes it lead, at last
}

func modes() []mode {
	lossy := newSwitchboard()
	store := locktest.NewStore()
	elected := make(chan struct{}, 10)
	elector := newElector(store, "a", func(e leaderelection.Event) {
		if e.Kind == leaderelection.EventElected {
			elected <- struct{}{}
		}
	})
	return []mode{
		{"nil", nil, func() {}},
		{"plain", leaderelection.Plain{}, func() {}},
		{"lossy", lossy, func() {
			for _, cause := range []error{leaderelection.ErrTaken, leaderelection.ErrSteppedDown} {
				lossy.grant()
				lossy.end(cause)
			}
			lossy.grant()
		}},
		{"elector", elector, func() {
			<-elected
			synctest.Wait()
			store.Delete(lockName)
			<-elected
		}},
	}
}

// inEachMode runs a test in a bubble for each mode.
func inEachMode(t *testing.T, test func(t *testing.T, m mode)) {
	t.Helper()
	for i, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, modes()[i]) }) // channels belong to a bubble
		})
	}
}

// logs is what was logged, as JSON.
type logs struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// run is a controller that runs.
type run struct {
	logs *logs
	stop func() error // waits
	end  context.CancelFunc
}

// launch runs a controller and waits until everything rests.
func launch(t *testing.T, cfg *controller.Config, h controller.Handler, r controller.Retriever, runner leaderelection.Runner, m controller.MetricsRecorder) *run {
	t.Helper()
	out := &logs{}
	logger := slog.New(slog.NewJSONHandler(out, nil))
	ctrl := controller.New(cfg, h, r, runner, m, logger)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = ctrl.Run(ctx)
	}()
	stop := func() error {
		cancel()
		select {
		case <-done:
			return err
		case <-time.After(48 * time.Hour): // or a failed test would drain, and log, for ever
			return errors.New("Run does not return")
		}
	}
	t.Cleanup(func() {
		_ = stop()
		if t.Failed() {
			t.Log(out)
		}
	})
	synctest.Wait()
	return &run{logs: out, stop: stop, end: cancel}
}

// lead runs a controller and makes it lead.
func (m mode) start(t *testing.T, cfg *controller.Config, h controller.Handler, c *cluster) *run {
	t.Helper()
	r := launch(t, cfg, h, c, m.runner, nil)
	m.lead()
	synctest.Wait()
	return r
}

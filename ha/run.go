package ha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

const (
	// readyPoll is how often a component that is not ready is asked again.
	readyPoll = 20 * time.Millisecond
	// waitLog is how often it is said what a Group waits for.
	waitLog = 10 * time.Second
)

// run is one Run of a Group.
type run struct {
	g       *Group
	logger  *slog.Logger
	always  []*part
	leader  []*part
	started time.Time

	tasks    sync.WaitGroup // goroutines of components
	cause    func() error   // why Run's context has ended; nil = it has not
	shutdown context.CancelCauseFunc

	mu       sync.Mutex    // guards the fields below
	order    error         // why the Group shuts down; nil = it does not
	ordered  chan struct{} // closed when it does
	deadline time.Time     // of the drain, once it does
	leading  bool
	settled  chan struct{} // closed when the leader components are no longer waited for
	errs     []error       // what Run will return
}

func newRun(g *Group) *run {
	r := &run{g: g, logger: g.logger, settled: make(chan struct{}), ordered: make(chan struct{}), cause: func() error { return nil }}
	add := func(list []Component, leader bool) (parts []*part) {
		for _, c := range list {
			p := &part{Component: c, leader: leader}
			p.change(func() {})
			parts = append(parts, p)
		}
		return parts
	}
	r.always, r.leader = add(g.cfg.Always, false), add(g.cfg.Leader, true)
	return r
}

func (r *run) parts() []*part { return append(append([]*part(nil), r.always...), r.leader...) }

// run is Run: ctx ends with the order to shut down.
func (r *run) run(ctx context.Context) error {
	warm, endWarm := context.WithCancelCause(context.WithoutCancel(ctx))
	for _, p := range r.parts() {
		r.warm(warm, p)
	}
	// At once, whatever the start waits for.
	defer context.AfterFunc(ctx, func() { _ = r.stopping() })()
	gone := make(chan struct{}) // the Runner has returned, or was not called
	served := r.start(ctx)
	if served && len(r.leader) > 0 {
		go func() {
			defer close(gone)
			r.campaign(ctx)
		}()
	} else {
		close(gone)
	}
	<-ctx.Done()
	r.stop(r.stopping(), served, gone)
	endWarm(leaderelection.ErrShutdown)
	r.joinTasks()
	r.logger.Info("all components have returned")
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// warm calls a component's Warm.
func (r *run) warm(ctx context.Context, p *part) {
	if p.Warm == nil {
		return
	}
	p.change(func() { p.warming = true })
	r.goLabelled(ctx, p, inWarm, func(ctx context.Context) {
		err := errGoexit
		defer func() { r.warmed(ctx, p, err) }()
		err = call(ctx, p.Warm)
	})
}

// warmed takes in that a component's Warm has returned.
func (r *run) warmed(ctx context.Context, p *part, err error) {
	if ctx.Err() != nil && onlyCancel(err, context.Cause(ctx)) {
		p.change(func() { p.warming = false })
		return
	}
	if err != nil {
		err = &ComponentError{Component: p.Name, Err: fmt.Errorf("warm: %w", err)}
	}
	p.change(func() {
		p.warming, p.warmed = false, err == nil
		p.err = cmp.Or(p.err, err)
	})
	if err != nil {
		r.fail(err)
	}
}

// start starts the components of Always, and waits until all are ready. It
// returns false if ctx ended before.
func (r *run) start(ctx context.Context) bool {
	for _, p := range r.always {
		if !r.begin(ctx, p) || !r.await(ctx, p) {
			return false
		}
	}
	for _, p := range r.leader {
		if !r.await(ctx, p) {
			return false
		}
	}
	return ctx.Err() == nil
}

// await waits until a component is ready; false: ctx ended before.
func (r *run) await(ctx context.Context, p *part) bool {
	poll := time.NewTicker(readyPoll)
	defer poll.Stop()
	since := time.Now()
	for told := since; ; {
		missing := p.ready(ctx)
		if ctx.Err() != nil {
			return false
		}
		if broken(missing) {
			r.fail(&ComponentError{Component: p.Name, Err: fmt.Errorf("check: %w", missing)})
			return false
		}
		if missing == nil {
			p.change(func() {})
			r.logger.Info("ready", "component", p.Name, "took", time.Since(since))
			return true
		}
		if time.Since(told) >= waitLog {
			told = time.Now()
			r.logger.Warn("waiting for a component to be ready: the next starts, and this replica campaigns, only then",
				"component", p.Name, "waited", time.Since(since), "error", missing)
		}
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
		}
	}
}

// begin calls a component's Run, with a context that only the part ends. outer
// has its values. It returns false if that has ended.
func (r *run) begin(outer context.Context, p *part) bool {
	if outer.Err() != nil {
		return false
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(outer))
	p.begin(cancel)
	called := make(chan struct{})
	r.goLabelled(own, p, inRun, func(ctx context.Context) {
		err := errGoexit
		defer func() { r.returned(ctx, outer, p, err) }()
		close(called)
		err = call(ctx, p.Run)
	})
	<-called // so that they start in order
	return true
}

// errGoexit is what a function returned that did not return.
var errGoexit = errors.New("ended its goroutine with runtime.Goexit")

// returned takes in that a component's Run has returned. It may do so once its
// own context has ended, or what that was made from, whichever it has noticed.
func (r *run) returned(own, outer context.Context, p *part, err error) {
	defer p.cancel(nil)
	told := own.Err() != nil || ended(outer)
	switch {
	case err == nil && !told:
		err = ErrReturnedEarly
	case err != nil && told && onlyCancel(err, context.Cause(own), context.Cause(outer)):
		r.logger.Debug("a component was cancelled", "component", p.Name, "error", err)
		err = nil
	}
	if err == nil {
		p.end(nil)
		return
	}
	err = &ComponentError{Component: p.Name, Err: err}
	switch {
	case !told || broken(err):
		p.end(err)
		r.fail(err)
		return
	case r.stopping() != nil:
		p.end(err)
		r.add(err)
	default: // a term has ended, and the Group goes on
		p.end(nil)
	}
	r.logger.Error("a component did not end well", "component", p.Name, "error", err, "reason", context.Cause(own))
}

// ended reports whether ctx, or the term that it carries, is over.
func ended(ctx context.Context) bool {
	term, ok := leaderelection.TermFromContext(ctx)
	return ctx.Err() != nil || ok && !term.Valid()
}

// onlyCancel reports whether err says no more than that a context has ended, for
// one of the causes.
func onlyCancel(err error, causes ...error) bool {
	if same(err, context.Canceled) || slices.ContainsFunc(causes, func(cause error) bool { return same(err, cause) }) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // what it wraps is looked at one by one
	case interface{ Unwrap() error }:
		return e.Unwrap() != nil && onlyCancel(e.Unwrap(), causes...)
	case interface{ Unwrap() []error }:
		return len(e.Unwrap()) > 0 && !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !onlyCancel(err, causes...) })
	}
	return false
}

// same compares errors, of which some have values that cannot be compared.
func same(a, b error) bool {
	return a != nil && b != nil && reflect.TypeOf(a).Comparable() && a == b //nolint:errorlint // see onlyCancel
}

func (r *run) add(err error) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
	return len(r.errs) == 1
}

// fail ends the Group because of err.
func (r *run) fail(err error) {
	first := r.add(err)
	r.shutdown(err)
	if first {
		r.logger.Error("this process cannot go on", "error", err)
	}
}

// stopping is why the Group shuts down; nil = it does not.
func (r *run) stopping() error {
	r.mu.Lock()
	order := r.order
	if order == nil {
		if order = r.cause(); order != nil {
			r.order = order
			r.deadline = time.Now().Add(r.g.cfg.ShutdownDelay + r.g.cfg.DrainTimeout)
			close(r.ordered)
			defer r.logger.Info("shutting down", "reason", order) // after mu
		}
	}
	r.mu.Unlock()
	return order
}

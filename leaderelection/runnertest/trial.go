package runnertest

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

// reporter is what the rules need of a *testing.T.
type reporter interface {
	require.TestingT
	Helper()
}

// trial is one rule under test.
type trial struct {
	reporter
	s    Subject
	over chan struct{} // closed at the end: all work returns

	mu     sync.Mutex // guards the fields below
	runs   []*run
	atWork map[*candidate]int
}

// candidate is a Runner, and what is known of it.
type candidate struct {
	leaderelection.Runner
	try *trial
}

// run is one call of Run.
type run struct {
	of      *candidate
	cancel  context.CancelFunc
	leads   chan *work    // each call of lead
	result  chan error    // what Run returned
	over    chan struct{} // closed when it has
	working int           // calls of lead that have not returned; guarded by trial.mu
	done    bool          // Run has returned; guarded by trial.mu
}

// work is one call of lead. It returns only when it is told to.
type work struct {
	try    *trial
	ctx    context.Context
	term   *leaderelection.Term
	finish chan error
}

func newTrial(t reporter, s Subject) *trial {
	return &trial{reporter: t, s: s, over: make(chan struct{}), atWork: make(map[*candidate]int)}
}

// end lets everything return, and requires that it does.
func (t *trial) end() {
	t.Helper()
	close(t.over)
	for _, r := range t.runs {
		r.cancel()
	}
	for _, r := range t.runs {
		select {
		case <-r.over:
		case <-time.After(t.s.Patience):
			t.Errorf("Run has not returned %v after its context ended and lead returned", t.s.Patience)
		}
	}
}

func (t *trial) candidate() *candidate { return &candidate{Runner: t.s.Runner(), try: t} }

// run calls Run, on a goroutine.
func (c *candidate) run() *run {
	ctx, cancel := context.WithCancel(context.Background())
	return c.runWith(ctx, cancel)
}

func (c *candidate) runWith(ctx context.Context, cancel context.CancelFunc) *run {
	r := &run{of: c, cancel: cancel, leads: make(chan *work, 100), result: make(chan error, 1), over: make(chan struct{})}
	c.try.runs = append(c.try.runs, r)
	go func() {
		err := c.Run(ctx, r.lead)
		c.try.returned(r)
		r.result <- err
		close(r.over)
	}()
	return r
}

// lead is what the Runners run.
func (r *run) lead(ctx context.Context) error {
	t := r.of.try
	w := &work{try: t, ctx: ctx, finish: make(chan error, 1)}
	w.term, _ = leaderelection.TermFromContext(ctx)
	t.enter(r)
	defer t.leave(r)
	r.leads <- w
	select {
	case err := <-w.finish:
		return err
	case <-t.over:
		return nil
	}
}

func (t *trial) enter(r *run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case r.done:
		t.Errorf("lead was called after Run had returned")
	case r.working > 0:
		t.Errorf("lead was called again before it had returned")
	}
	for other, n := range t.atWork {
		if n > 0 && other != r.of && !t.s.Alone {
			t.Errorf("two candidates are at work at once")
		}
	}
	r.working++
	t.atWork[r.of]++
}

func (t *trial) leave(r *run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.working--
	t.atWork[r.of]--
}

func (t *trial) returned(r *run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.done = true
	if r.working > 0 {
		t.Errorf("Run returned before lead had")
	}
}

// await returns what arrives on c, which has to be soon.
func await[T any](t *trial, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(t.s.Patience):
		t.Errorf("%s: not within %v", what, t.s.Patience)
		t.FailNow()
		panic("unreachable")
	}
}

// never requires that nothing arrives on c for a while.
func never[T any](t *trial, c <-chan T, what string) {
	t.Helper()
	select {
	case <-c:
		t.Errorf("%s", what)
		t.FailNow()
	case <-time.After(t.s.Quiet):
	}
}

// leading is the next call of lead.
func (r *run) leading() *work {
	t := r.of.try
	t.Helper()
	w := await(t, r.leads, "lead is called")
	require.NotNil(t, w.term, "lead's context carries no Term (leaderelection.TermFromContext)")
	return w
}

// ends returns what Run returns.
func (r *run) ends() error {
	r.of.try.Helper()
	return await(r.of.try, r.result, "Run returns")
}

// cancelled is why the work's context ended.
func (w *work) cancelled() error {
	w.try.Helper()
	await(w.try, w.ctx.Done(), "lead's context ends")
	return context.Cause(w.ctx)
}

// goesOn requires that nobody tells the work to stop.
func (w *work) goesOn() {
	w.try.Helper()
	never(w.try, w.ctx.Done(), "lead's context ended, and nobody had a reason to end it")
	require.True(w.try, w.term.Valid(), "the term is not valid, though its work goes on")
}

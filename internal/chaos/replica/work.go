package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/register"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/leaderelection"
)

// work is what a replica does while it leads.
type work struct {
	said    *chronicle
	client  register.Client
	workers int
	linger  time.Duration
}

func newWork(o options, said *chronicle) *work {
	var transport http.RoundTripper = &http.Transport{MaxIdleConnsPerHost: o.workers, IdleConnTimeout: time.Minute}
	if o.gate {
		transport = leaderelection.Gate(transport)
	}
	return &work{
		said: said, workers: o.workers, linger: o.linger,
		client: register.Client{URL: o.register, HTTP: &http.Client{Transport: transport}},
	}
}

// lead increments registers, one a worker, until it was told to stop, and for
// as long as it lingers.
func (w *work) lead(ctx context.Context) error {
	term, ok := leaderelection.TermFromContext(ctx)
	if !ok {
		return errors.New("the work was called without a term")
	}
	token := term.Token()
	w.said.term(history.Entry{Kind: history.Leads, Token: token}, journal.Leads)
	told := make(chan struct{})
	tell := func() {
		defer close(told)
		w.said.term(history.Entry{Kind: history.Cancelled, Token: token, Cause: cause(ctx)}, journal.Cancelled)
	}
	stop := context.AfterFunc(ctx, tell)
	working, done := w.outlive(ctx)
	var workers sync.WaitGroup
	for i := range w.workers {
		workers.Go(func() { w.count(working, token, i) })
	}
	workers.Wait()
	done()
	if stop() { // it was not told to stop, and stops all the same
		tell()
	}
	<-told
	w.said.term(history.Entry{Kind: history.Drained, Token: token}, journal.Drained)
	return nil
}

// outlive returns a context with the values of ctx that ends a while later.
func (w *work) outlive(ctx context.Context) (context.Context, func()) {
	if w.linger == 0 {
		return ctx, func() {}
	}
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(w.linger, end) })
	return longer, func() { stop(); end() }
}

// count increments one register until ctx ends.
func (w *work) count(ctx context.Context, token uint64, worker int) {
	name := fmt.Sprintf("r%d", worker)
	for n := 0; ctx.Err() == nil; n++ {
		e := history.Entry{Op: fmt.Sprintf("%s/%d/%d/%d", w.said.replica, token, worker, n), Register: name, Token: token}
		if !w.increment(ctx, e) {
			// The write may still be on its way. Another of the same term would
			// race with it, and no token tells them apart.
			<-ctx.Done()
		}
		think() // here a write out of turn is seen by the next read; above it would be overwritten
	}
}

// increment reads, thinks and writes. It reports whether its outcome is known.
func (w *work) increment(ctx context.Context, e history.Entry) bool {
	say := func(kind history.Kind) {
		e.Kind = kind
		w.said.write(e)
	}
	say(history.Calls)
	state, err := w.client.Read(ctx, e.Register, e.Token)
	think() // whatever it thinks about cannot be interrupted
	if err != nil {
		return true // nothing was written
	}
	e.Read = &state
	write := register.Write{Op: e.Op, Token: e.Token, Taken: state.Taken + 1}
	if state.Fenced != nil {
		next := *state.Fenced + 1
		write.Fenced = &next
	}
	say(history.Enters)
	outcome, err := w.client.Write(ctx, e.Register, write)
	e.Read = nil
	var refused *leaderelection.GateError
	if err == nil {
		e.Outcome = &outcome
	} else {
		e.Error, e.Refused = err.Error(), errors.As(err, &refused)
	}
	say(history.Returns)
	return err == nil || e.Refused
}

// think takes a few milliseconds.
func think() { time.Sleep(5*time.Millisecond + rand.N(40*time.Millisecond)) }

// cause is why a context has ended, in a word.
func cause(ctx context.Context) string {
	for _, c := range []struct {
		err  error
		word string
	}{
		{leaderelection.ErrDeadline, "deadline"}, {leaderelection.ErrTaken, "taken"}, {leaderelection.ErrDeleted, "deleted"},
		{leaderelection.ErrSteppedDown, "stepped down"}, {leaderelection.ErrShutdown, "shutdown"},
	} {
		if errors.Is(context.Cause(ctx), c.err) {
			return c.word
		}
	}
	return "none"
}

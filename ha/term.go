package ha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// campaign runs the Runner until ctx ends.
func (r *run) campaign(ctx context.Context) {
	err := errGoexit
	defer func() {
		switch {
		case ctx.Err() != nil && onlyCancel(err, context.Cause(ctx)):
		case err != nil:
			r.fail(fmt.Errorf("ha: the Runner: %w", err))
		case ctx.Err() == nil:
			r.fail(ErrRunnerReturned)
		}
	}()
	err = r.g.cfg.Runner.Run(ctx, r.lead)
}

// lead is one term: ctx is its. It returns when all components of Leader have.
func (r *run) lead(ctx context.Context) error {
	r.setLeading(true)
	defer r.setLeading(false)
	began := 0
	for _, p := range r.leader {
		if !r.begin(ctx, p) {
			break
		}
		r.guard(ctx, p)
		began++
	}
	r.tell(ctx, leaderelection.EventElected, nil)
	r.logger.Info("leading: components started", "components", began)
	<-ctx.Done()
	start, cause, parts := time.Now(), context.Cause(ctx), r.leader[:began]
	if graceful(cause) {
		r.stopInOrder(parts, cause, r.termDeadline, lost(ctx))
	} else {
		r.stopAtOnce(parts, cause)
	}
	if r.stopping() != nil && slices.ContainsFunc(parts, (*part).goesOn) {
		r.settle()
	}
	r.tell(ctx, leaderelection.EventEnded, cause)
	r.join(parts)
	r.logger.Info("leading no longer: components have returned", "reason", cause, "took", time.Since(start))
	return nil
}

// guard tells a part to stop when the leadership is lost, whatever the goroutine
// of lead is doing: that logs, and a log may block.
func (r *run) guard(ctx context.Context, p *part) {
	call := p.done()
	stop := context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); !graceful(cause) {
			p.tell(cause)
		}
	})
	r.tasks.Go(func() {
		defer stop()
		select {
		case <-call:
		case <-lost(ctx):
			p.tell(cmp.Or(context.Cause(ctx), leaderelection.ErrDeadline))
			<-call
		}
	})
}

// tell adds to the history, if nobody else does.
func (r *run) tell(ctx context.Context, kind leaderelection.EventKind, cause error) {
	if !r.g.keeps {
		return
	}
	e := leaderelection.Event{Kind: kind, Time: time.Now(), Err: cause}
	if term, ok := leaderelection.TermFromContext(ctx); ok {
		e.Token, e.Holder = term.Token(), cmp.Or(term.Identity(), r.g.host)
	}
	r.g.history.Observe(e)
}

// graceful reports whether components may take their time after an end with
// this cause: the leadership is kept until they have returned.
func graceful(cause error) bool {
	return errors.Is(cause, leaderelection.ErrShutdown) || errors.Is(cause, leaderelection.ErrSteppedDown)
}

// lost is closed when the term that ctx carries is no longer valid.
func lost(ctx context.Context) <-chan struct{} {
	if term, ok := leaderelection.TermFromContext(ctx); ok {
		return term.Done()
	}
	return nil
}

// termDeadline is when a drain of the components of Leader should be over, and
// how many components have to be told before that.
func (r *run) termDeadline(began time.Time) (deadline time.Time, waiting int) {
	if r.stopping() != nil {
		return r.drainDeadline(), len(r.always)
	}
	return began.Add(r.g.cfg.DrainTimeout), 0
}

func (r *run) setLeading(leading bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leading = leading
}

func (r *run) mode() Mode {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leading {
		return ModeLeader
	}
	return ModeNonLeader
}

// settle lets the components of Always stop.
func (r *run) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.settled:
	default:
		close(r.settled)
	}
}

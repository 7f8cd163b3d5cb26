package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// work is one call of lead.
type work struct {
	Term
	process *process
	run     int
	order   int           // of the term among all
	began   time.Duration // when
	ctx     context.Context
	slept   atomic.Bool // the process was stopped meanwhile
}

// over: it was cancelled, whether or not it has heard of that.
func (w *work) over() bool { return w.ctx.Err() != nil }

var errWork = errors.New("the work has failed")

// writePeriod is how often a work writes to the register, at most.
const writePeriod = 2 * time.Second

// lead is a work: it writes now and then until it is cancelled, and returns as
// its habit is.
func (p *process) lead(ctx context.Context, run int, t Term) error {
	w := &work{Term: t, process: p, run: run, began: p.play.now(), ctx: ctx}
	p.play.began(w)
	defer p.returned(ctx, w)
	end := time.Duration(1 << 62)
	if p.Work == Fails || p.Work == Panics {
		end = w.began + p.dice.upTo(fmt.Sprint("end ", run), w.order, 4*p.Lease)
	}
	for n := 0; ; n++ {
		d := min(p.dice.upTo(fmt.Sprint("write ", w.order, " ", run), n, writePeriod), end-p.play.now())
		select {
		case <-ctx.Done():
			return p.drain(ctx, w)
		case <-p.dead:
			return nil
		case <-time.After(p.play.moment(d)):
		}
		p.clock.hold()
		switch {
		case p.play.now() < end:
			p.write(ctx, w, n)
		case p.Work == Panics:
			panic(errWork)
		default:
			return errWork
		}
	}
}

// drain returns as late as the work does after its cancellation.
func (p *process) drain(ctx context.Context, w *work) error {
	p.clock.hold()                                                         // a process that is stopped hears of nothing
	left := p.play.moment(p.Drain + time.Duration(w.run)*time.Millisecond) // not both at once
	for n := 0; ; n++ {
		d := left
		if p.Work == Ignores {
			d = min(d, p.play.moment(p.dice.upTo(fmt.Sprint("late write ", w.order, " ", w.run), n, writePeriod)))
		}
		select {
		case <-p.dead:
			return nil
		case <-time.After(d):
		}
		if left -= d; left <= 0 {
			p.clock.hold()
			return ctx.Err()
		}
		p.write(context.WithoutCancel(ctx), w, 1000+n)
	}
}

func (p *process) returned(ctx context.Context, w *work) {
	p.mu.Lock()
	p.works = slices.DeleteFunc(p.works, func(o *work) bool { return o == w })
	p.mu.Unlock()
	p.note("work %d of the term with token %d has returned: %v", w.run, w.Token, context.Cause(ctx))
	p.play.truth.disturbed(0)
}

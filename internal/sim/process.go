package sim

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// process is one start of a candidate.
type process struct {
	play     *play
	identity string
	drain    time.Duration
	elector  Elector
	wire     *wire
	cancel   context.CancelFunc
	ended    chan struct{} // Run has returned

	mu      sync.Mutex // guards the fields below
	work    *work      // what it has under way
	paused  int
	resumed chan struct{} // closed when it is not paused
	dead    chan struct{} // closed when it was killed
}

// work is one call of lead.
type work struct {
	Term
	cancelled bool
	slept     bool // the process was paused meanwhile
}

// start makes another process of candidate i in place of the one before.
func (p *play) start(i int) error {
	p.mu.Lock()
	p.starts++
	seed := p.plan.Seed<<8 | uint64(p.starts)
	proc := &process{
		play: p, identity: fmt.Sprintf("%s%d", name(i), p.starts), drain: p.plan.Candidates[i].Drain, wire: newWire(p.store, seed),
		ended: make(chan struct{}), dead: make(chan struct{}), resumed: make(chan struct{}),
	}
	p.mu.Unlock()
	close(proc.resumed)
	var err error
	if proc.elector, err = p.make(p.plan, proc.identity, seed, p.plan.Candidates[i].Rate, proc.wire.client); err != nil {
		return err
	}
	var ctx context.Context
	ctx, proc.cancel = context.WithCancel(context.Background())
	p.note("%s starts", proc.identity)
	p.mu.Lock()
	p.procs[i] = proc
	p.all = append(p.all, proc)
	p.mu.Unlock()
	go proc.run(ctx)
	return nil
}

func (p *process) run(ctx context.Context) {
	defer close(p.ended)
	if err := p.elector.Run(ctx, p.lead); err != nil {
		p.play.fault("%s: Run: %v", p.identity, err)
	}
	if p.working() != nil && !p.isDead() {
		p.play.fault("%s: Run returned before the work", p.identity)
	}
}

// lead is the work: it goes on until it is cancelled, and drains for a while.
func (p *process) lead(ctx context.Context, t Term) {
	w := &work{Term: t}
	p.mu.Lock()
	p.work = w
	p.mu.Unlock()
	p.play.began(p, w)
	select {
	case <-ctx.Done():
	case <-p.dead:
	}
	p.mu.Lock()
	w.cancelled = true
	resumed := p.resumed
	p.mu.Unlock()
	select {
	case <-resumed: // a process that is stopped hears of nothing
	case <-p.dead:
	}
	select {
	case <-time.After(p.drain):
	case <-p.dead:
	}
	p.mu.Lock()
	if p.work == w { // client-go starts another beside one that drains
		p.work = nil
	}
	p.mu.Unlock()
	p.play.note("%s: work with token %d has returned: %v", p.identity, t.Token, context.Cause(ctx))
}

// working returns the work that takes effect now; nil = none.
func (p *process) working() *work {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused > 0 {
		return nil
	}
	return p.work
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

func (p *process) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused++; p.paused == 1 {
		p.resumed = make(chan struct{})
	}
	if p.work != nil {
		p.work.slept = true
	}
}

func (p *process) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused--; p.paused == 0 {
		close(p.resumed)
	}
}

// kill ends it without a warning: nothing that it does reaches anybody.
func (p *process) kill() {
	p.wire.begin(Crashed, 0)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isDead() {
		return
	}
	close(p.dead)
	p.work = nil
	p.cancel()
}

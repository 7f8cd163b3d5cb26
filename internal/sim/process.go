package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/regent-ha/regent/lock"
)

// process is one start of a candidate.
type process struct {
	Candidate
	play      *play
	index     int
	name      string // another for each start
	identity  string
	dice      dice
	clock     *clock
	link      *link
	elector   Elector
	cancel    context.CancelFunc
	dead      chan struct{} // closed when it was killed
	ended     chan struct{} // all its Runs have returned
	directory *directory    // nil: it has none
	suspect   []string      // what it said wrong at the last look; used by look only

	mu     sync.Mutex    // guards the fields below
	wall   time.Duration // how far its time of day is off
	works  []*work       // that have not returned
	loss   time.Duration // when it was told that another holds the lock, or nobody; 0: it was not
	seen   uint64        // the highest revision that it was told of
	tokens []uint64      // of others, that it was told of as news
	knew   []uint64      // likewise, when it sent its last write for another token
	sends  uint64        // that token
	last   lastTerm
	fences int
	orders bool // it was ordered to end
}

// lastTerm is what is told of the present or the last term of a process.
type lastTerm struct {
	token   uint64
	elected bool // observers were told of its start
	ended   bool // and of its end
}

// start makes another process of candidate i in place of the one before.
func (p *play) start(i int) error {
	p.mu.Lock()
	p.starts++
	seed := dice(p.plan.Seed<<16 | uint64(p.starts))
	proc := &process{
		Candidate: p.plan.Candidates[i], play: p, index: i, name: fmt.Sprintf("%s%d", name(i), p.starts), dice: seed,
		clock:     &clock{play: p, rate: p.plan.Candidates[i].Rate, dice: seed},
		directory: p.directories[i], dead: make(chan struct{}), ended: make(chan struct{}),
	}
	p.mu.Unlock()
	switch {
	case proc.Twin:
		proc.identity = name(0)
	case proc.Stable || i == 0 && p.plan.twins():
		proc.identity = name(i)
	default:
		proc.identity = proc.name
	}
	proc.link = newLink(proc, p.server)
	var err error
	if proc.elector, err = p.maker(proc); err != nil {
		return err
	}
	var ctx context.Context
	ctx, proc.cancel = context.WithCancel(context.Background())
	proc.note("starts")
	p.mu.Lock()
	p.procs[i] = proc
	p.all = append(p.all, proc)
	p.mu.Unlock()
	p.expect(proc)
	go proc.run(ctx)
	return nil
}

// run runs all works; when one of them ends by itself, the process does.
func (p *process) run(ctx context.Context) {
	defer close(p.ended)
	var works sync.WaitGroup
	for i := range p.Works {
		works.Go(func() {
			if err := p.campaign(ctx, i); err != nil {
				p.note("Run returned: %v", err)
				p.cancel()
			}
			if p.isDead() {
				return
			}
			for _, w := range p.working() {
				if w.run == i {
					p.play.broken(p, Unjoined, "Run returned, and its work with token %d runs", w.Token)
				}
			}
		})
	}
	works.Wait()
	p.play.truth.disturbed(0)
	if !p.ending() {
		go func() {
			time.Sleep(p.play.moment(p.dice.upTo("again", 1, time.Second)))
			p.play.again(p)
		}()
	}
}

func (p *process) campaign(ctx context.Context, run int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return p.elector.Run(ctx, func(ctx context.Context, t Term) error { return p.lead(ctx, run, t) })
}

// note tells what it does; of a dead process, which nobody hears, nothing.
func (p *process) note(format string, args ...any) {
	if !p.isDead() {
		p.play.note(p.name, format, args...)
	}
}

// working returns the works that have not returned; none of a dead process.
func (p *process) working() []*work {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.works)
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// terminate tells it to end (SIGTERM).
func (p *process) terminate() {
	p.mu.Lock()
	p.orders = true
	p.mu.Unlock()
	p.cancel()
}

// ending: it does not campaign any more.
func (p *process) ending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.orders || p.isDead()
}

// wellSince is since when nothing is wrong with it; false: something is, or it
// has ended.
func (p *process) wellSince() (time.Duration, bool) {
	well, ok := p.link.wellSince()
	if p.directory != nil {
		obtained, holds := p.directory.heldBy(p)
		well, ok = max(well, obtained), ok && holds
	}
	return max(well, p.clock.ran()), ok && !p.isDead() && !p.hasEnded() && !p.clock.stopped()
}

// kill ends it without a warning: nothing that it does reaches anybody.
func (p *process) kill() {
	p.die()
	p.directory.free(p)
}

// die is kill, but that a child holds what the process held of its directory.
func (p *process) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isDead() {
		return
	}
	close(p.dead)
	p.works, p.orders = nil, true
	p.cancel()
}

// stop stops it (SIGSTOP), or its machine.
func (p *process) stop(d, spread time.Duration) {
	p.clock.stop(d, spread)
	for _, w := range p.working() {
		w.slept.Store(true)
	}
}

// stamp gives a record this process's time of day.
func (p *process) stamp(r lock.Record) lock.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wall != 0 && !r.Renewed.IsZero() {
		if r.Acquired.Equal(r.Renewed) {
			r.Acquired = r.Acquired.Add(p.wall)
		}
		r.Renewed = r.Renewed.Add(p.wall)
	}
	return r
}

// takes takes note of a write that is about to be sent.
func (p *process) takes(r lock.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Holder == p.identity && r.Token != p.sends {
		p.sends, p.knew = r.Token, slices.Clone(p.tokens)
	}
}

// told takes note of what an answer tells the process.
func (p *process) told(r request, a answer) {
	p.mu.Lock()
	r.sent.answers = p.play.now()
	p.mu.Unlock()
	if a.err == nil && r.verb != "watch" {
		p.learns(a.snapshot, false)
	}
}

// saw takes note of what a watch tells the process.
func (p *process) saw(ev lock.Event) {
	if ev.Err == nil && !ev.Bookmark {
		p.learns(ev.Snapshot, ev.Deleted)
	}
}

func (p *process) learns(s lock.Snapshot, deleted bool) {
	mine := s.Holder == p.identity && p.play.truth.wrote(p, s)
	own := mine && !deleted
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Revision() <= p.seen {
		return
	}
	p.seen = s.Revision()
	if !mine && !slices.Contains(p.tokens, s.Token) {
		p.tokens = append(p.tokens, s.Token)
	}
	switch {
	case own:
		p.loss = 0
	case p.loss == 0:
		p.loss = p.play.now()
	}
}

// observed takes note of what observers are told.
func (p *process) observed(kind string, token uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch kind {
	case "elected":
		p.last = lastTerm{token: token, elected: true}
	case "ended":
		p.last.ended = true
	case "fenced":
		p.fences++
	}
}

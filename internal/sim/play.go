package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

const lockName = "lock"

// Result is how a play went.
type Result struct {
	Plan    Plan
	Terms   int      // that began
	Faults  []string // promises that were broken
	Excused int      // overlaps after a deletion, which docs/guarantees.md allows
	Trace   []string // what happened
}

// play is one schedule under way.
type play struct {
	plan   Plan
	make   Maker
	store  *locktest.Store
	origin time.Time

	mu      sync.Mutex // guards the fields below
	procs   []*process // the present start of each candidate
	all     []*process // and those before
	starts  int
	result  Result
	tokens  uint64    // the highest of a term
	deleted time.Time // when the lock was deleted or emptied last
}

// Play plays a plan with electors of one make. Its error says that they could
// not be made.
func Play(plan Plan, m Maker) (Result, error) {
	p := &play{plan: plan, make: m, store: locktest.NewStore(), origin: time.Now(), procs: make([]*process, len(plan.Candidates))}
	p.result.Plan = plan
	for i := range plan.Candidates {
		if err := p.start(i); err != nil {
			return p.result, err
		}
	}
	var faults sync.WaitGroup
	for _, f := range plan.Faults {
		faults.Go(func() {
			time.Sleep(f.At)
			p.befall(f)
		})
	}
	for p.now() < plan.Calm {
		time.Sleep(100 * time.Millisecond)
		p.look()
	}
	faults.Wait()
	p.settle()
	for _, proc := range p.everybody() {
		proc.cancel()
	}
	for _, proc := range p.everybody() {
		<-proc.ended
	}
	time.Sleep(2 * plan.Lease) // calls that are still under way
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result, nil
}

func (p *play) now() time.Duration { return time.Since(p.origin) }

// befall lets a fault happen; it has ended when the calm begins.
func (p *play) befall(f Fault) {
	p.note("%s: %s", f.subject(), f.Kind)
	long := min(f.For, max(p.plan.Calm-p.now(), 1))
	proc := p.present()[f.Who]
	switch f.Kind {
	case Deleted:
		p.vanish()
		p.store.Delete(lockName)
	case Emptied:
		p.store.Edit(lockName, func(r *lock.Record) { r.Holder = "" })
	case Stolen:
		p.store.Edit(lockName, func(r *lock.Record) {
			*r = lock.Record{Holder: "thief", Duration: p.plan.Lease, Transitions: r.Transitions + 1, Token: r.Token}
		})
	case Breaking:
		proc.wire.client.BreakWatches(nil)
	case StepsDown:
		ctx, cancel := context.WithTimeout(context.Background(), long)
		defer cancel()
		proc.elector.StepDown(ctx)
	case Crashed, Stopped:
		if f.Kind == Crashed {
			proc.kill()
		} else {
			proc.cancel()
		}
		time.Sleep(long)
		if p.present()[f.Who] == proc { // no other fault has started it meanwhile
			if err := p.start(f.Who); err != nil {
				p.fault("%v", err)
			}
		}
		return
	case Paused:
		proc.pause()
		proc.wire.begin(f.Kind, long)
		time.Sleep(long)
		proc.wire.end(f.Kind)
		proc.resume()
	default:
		proc.wire.begin(f.Kind, long)
		time.Sleep(long)
		proc.wire.end(f.Kind)
	}
	p.note("%s: no longer %s", f.subject(), f.Kind)
}

func (p *play) present() []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.procs)
}

func (p *play) everybody() []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

func (p *play) vanish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleted = time.Now()
}

func (p *play) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Trace = append(p.result.Trace, fmt.Sprintf("%10.3fs  "+format, append([]any{p.now().Seconds()}, args...)...))
}

func (p *play) fault(format string, args ...any) {
	p.note("BROKEN: "+format, args...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Faults = append(p.result.Faults, fmt.Sprintf(format, args...))
}

// rest waits until nothing happens at this moment any more.
func (p *play) rest() { synctest.Wait() }

package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// Result is how a play went.
type Result struct {
	Plan       Plan
	Terms      int // that began
	Violations []Violation
	Counts     map[string]int  // what else is worth counting
	TakeOvers  []time.Duration // from a release to the next holder
	Trace      string          // what happened; empty unless asked for
}

// play is one schedule under way.
type play struct {
	plan     Plan
	maker    Maker
	strict   bool // Regent's promises, not only those that any elector makes
	traced   bool
	origin   time.Time
	server   *server
	truth    *truth
	register *register
	led      time.Duration // when somebody led last; used by look only

	mu          sync.Mutex // guards the fields below
	used        map[time.Duration]bool
	procs       []*process // the present start of each candidate
	all         []*process // and those before
	starts      int
	inodes      uint64
	directories []*directory // the present one of each candidate; nil: none
	terms       int
	latest      *work
	over        bool // nobody is started again
	lines       []line
	result      Result
}

// Options change a play.
type Options struct {
	Make  Maker // nil: Regent
	Trace bool
}

// Play plays a plan. Its error says that electors could not be made.
func Play(plan Plan, o Options) (Result, error) {
	p := &play{
		plan: plan, maker: o.Make, traced: o.Trace, origin: time.Now(), used: make(map[time.Duration]bool), procs: make([]*process, len(plan.Candidates)),
	}
	if p.maker == nil {
		p.maker, p.strict = regents, true
	}
	p.server, p.truth, p.register = newServer(p), newTruth(p), &register{play: p}
	p.result.Plan, p.result.Counts = plan, make(map[string]int)
	p.directories = make([]*directory, len(plan.Candidates))
	for i, c := range plan.Candidates {
		if c.State {
			p.directories[i] = p.newDirectory("boot", &file{})
		}
		if err := p.start(i); err != nil {
			return p.result, err
		}
	}
	var faults sync.WaitGroup
	for _, f := range plan.Faults {
		faults.Go(func() {
			time.Sleep(p.moment(f.At))
			p.befall(f)
		})
	}
	p.watch(plan.Calm)
	faults.Wait()
	p.note("", "nothing goes wrong from here on")
	calm := p.now()
	p.watch(calm + plan.lease())
	for p.led < calm && p.now() < calm+6*plan.lease() {
		p.watch(p.now() + lookPeriod)
	}
	if p.led < calm {
		p.broken(p.hanging(), Leaderless, "nor anybody else, to the end")
	}
	p.close()
	return p.result, nil
}

// watch looks at everybody again and again.
func (p *play) watch(until time.Duration) {
	for p.now() < until {
		time.Sleep(p.moment(lookPeriod))
		p.look()
	}
}

// lookPeriod is how often electors are looked at: what they may not do for
// longer than that is seen.
const lookPeriod = 300 * time.Millisecond

// close stops everybody, and waits for all that is under way.
func (p *play) close() {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	for _, proc := range p.everybody() {
		proc.cancel()
	}
	for _, proc := range p.everybody() {
		<-proc.ended
	}
	time.Sleep(2 * p.plan.lease()) // calls that are still under way
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Terms = p.terms
	p.result.Trace = p.trace()
}

func (p *play) now() time.Duration { return time.Since(p.origin) }

// moment changes d a little, so that no two things happen at the same time:
// their order would be the scheduler's.
func (p *play) moment(d time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	at := now + max(d, 1)
	for p.used[at] {
		at++
	}
	p.used[at] = true
	return at - now
}

// befall lets a fault happen; it has ended when the calm begins.
func (p *play) befall(f Fault) {
	long := min(f.For, max(p.plan.Calm-p.now(), 1))
	proc := p.present()[f.Who]
	p.note("", "%s", f)
	p.count("fault: " + string(f.Kind))
	sleep := func() { time.Sleep(p.moment(long)) }
	switch f.Kind.scope() {
	case ofServer:
		p.server.begin(f.Kind)
		sleep()
		p.server.end(f.Kind)
	case ofLink:
		proc.link.begin(f.Kind)
		sleep()
		proc.link.end(f.Kind)
	case ofProcess:
		p.disturb(proc, f.Kind, long)
	case ofDirectory:
		p.upset(proc, f.Kind, long)
	case ofLock:
		p.tamper(f.Kind, long)
		return
	}
	p.note("", "no longer: %s", f)
}

// disturb lets something happen to a process.
func (p *play) disturb(proc *process, k Kind, long time.Duration) {
	switch k {
	case Paused:
		proc.stop(long, 100*time.Microsecond)
		time.Sleep(p.moment(long))
	case Suspended:
		proc.stop(long, time.Second)
		time.Sleep(p.moment(long + time.Second))
	case Jumped:
		proc.mu.Lock()
		proc.wall += proc.dice.upTo("jump", int(proc.wall/time.Hour), 48*time.Hour) - 24*time.Hour
		proc.mu.Unlock()
	case Crashed, Stopped:
		if k == Crashed {
			proc.kill()
		} else {
			proc.clock.hold()
			proc.terminate()
		}
		time.Sleep(p.moment(long))
		p.again(proc)
	case StepsDown, Transferred:
		proc.clock.hold()
		ctx, cancel := context.WithTimeout(context.Background(), long)
		defer cancel()
		to := ""
		if k == Transferred {
			to = p.present()[(proc.index+1)%len(p.procs)].identity
		}
		proc.elector.StepDown(ctx, to)
	}
}

// tamper lets something happen to the lock.
func (p *play) tamper(k Kind, long time.Duration) {
	switch k {
	case Restored:
		p.server.save()
		time.Sleep(p.moment(long))
		p.note("", "the lock is as at the backup again")
		p.server.operate(k)
	case Meddled:
		p.truth.disturbed(0)
		for end := p.now() + long; p.now() < end; {
			time.Sleep(p.moment(dice(p.plan.Seed).upTo("meddle", int(p.now()), 300*time.Millisecond)))
			p.server.meddle()
		}
	default:
		p.server.operate(k)
	}
}

// again starts a candidate whose process has ended, unless another did.
func (p *play) again(old *process) {
	p.mu.Lock()
	due := !p.over && p.procs[old.index] == old
	p.mu.Unlock()
	if due {
		if err := p.start(old.index); err != nil {
			panic(err) // it could be started before
		}
	}
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

func (p *play) count(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Counts[what]++
}

func (p *play) tookOver(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.TakeOvers = append(p.result.TakeOvers, after)
}

// rest waits until nothing happens at this moment any more.
func (p *play) rest() { synctest.Wait() }

// line is one of the trace.
type line struct {
	at        time.Duration
	who, text string
}

func (p *play) note(who, format string, args ...any) {
	if !p.traced {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line{p.now().Round(resolution), who, fmt.Sprintf(format, args...)})
}

// resolution is how exactly a trace tells the time. What happens to one process
// within it has no order that would be the same each time.
const resolution = 100 * time.Microsecond

// trace is what happened.
func (p *play) trace() string {
	slices.SortStableFunc(p.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who), cmp.Compare(a.text, b.text))
	})
	var b strings.Builder
	for _, l := range p.lines {
		fmt.Fprintf(&b, "%10.4fs  %-4s %s\n", l.at.Seconds(), l.who, l.text)
	}
	return b.String()
}

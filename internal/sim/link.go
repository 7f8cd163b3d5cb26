package sim

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/regent-ha/regent/lock"
)

// link is one process's way to the API server: a lock.Lock.
type link struct {
	process *process
	server  *server
	dice    dice

	mu      sync.Mutex // guards the fields below
	wrong   map[Kind]int
	mended  chan struct{}  // closed when a fault ends
	well    time.Duration  // since when nothing is wrong
	counts  map[string]int // requests by kind
	streams map[*stream]struct{}
	asking  map[*sending]struct{} // that wait for an answer
}

var _ lock.Lock = (*link)(nil)

func newLink(p *process, s *server) *link {
	return &link{
		process: p, server: s, dice: p.dice, wrong: make(map[Kind]int), mended: make(chan struct{}),
		well: s.play.now(), counts: make(map[string]int), streams: make(map[*stream]struct{}), asking: make(map[*sending]struct{}),
	}
}

// String implements lock.Lock.
func (l *link) String() string { return "lock " + lockName }

// begin and end enclose a fault.
func (l *link) begin(k Kind) {
	l.mu.Lock()
	l.wrong[k]++
	l.mu.Unlock()
	switch k {
	case Breaking:
		l.breakWatches(nil)
	case Unwatched:
		l.breakWatches(errors.Join(errors.New("RBAC"), lock.ErrForbidden))
	}
}

func (l *link) end(k Kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong[k]--
	l.well = max(l.well, l.server.play.now()+k.echo())
	close(l.mended)
	l.mended = make(chan struct{})
}

// has reports whether one of these faults is under way.
func (l *link) has(ks ...Kind) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range ks {
		if l.wrong[k] > 0 {
			return true
		}
	}
	return false
}

// wellSince is since when nothing is wrong; false: something is.
func (l *link) wellSince() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.wrong {
		if n > 0 {
			return 0, false
		}
	}
	return l.well, true
}

func (l *link) number(kind string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[kind]++
	return l.counts[kind]
}

// sending is a request under way.
type sending struct {
	at      time.Duration // when it was asked for
	answers time.Duration // when the answer came; 0: not yet
}

type answer struct {
	snapshot lock.Snapshot
	err      error
}

// Read implements lock.Lock.
func (l *link) Read(ctx context.Context) (lock.Snapshot, error) {
	return l.ask(ctx, request{verb: "read"}, func(request) (lock.Snapshot, error) { return l.server.client.Read(context.Background()) })
}

// Insert implements lock.Lock.
func (l *link) Insert(ctx context.Context, r lock.Record) (lock.Snapshot, error) {
	return l.ask(ctx, request{verb: "insert", record: l.process.stamp(r)}, l.server.write)
}

// Swap implements lock.Lock.
func (l *link) Swap(ctx context.Context, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	l.process.takes(r)
	return l.ask(ctx, request{verb: "swap", old: old, record: l.process.stamp(r)}, l.server.write)
}

// ask sends a request, and waits for its answer or for the end of ctx.
func (l *link) ask(ctx context.Context, r request, do func(request) (lock.Snapshot, error)) (lock.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return lock.Snapshot{}, err
	}
	r.kind = r.verb
	switch {
	case r.verb == "swap" && r.record.Nonce == r.old.Nonce:
		r.kind = "publish"
	case r.verb == "swap" && r.record.Holder == "":
		r.kind = "release"
	}
	r.from, r.n, r.sent = l.process, l.number(r.kind), &sending{at: l.server.play.now()}
	l.waits(r.sent, true)
	defer l.waits(r.sent, false)
	reply := make(chan answer, 1)
	go func() {
		if !l.travel("to "+r.kind, r.n, Slow, Lossy, Mute, Cut) {
			return
		}
		var a answer
		if l.has(Refused) {
			a.err = errors.Join(errors.New("unauthorized"), lock.ErrRejected)
		} else {
			a.snapshot, a.err = l.server.handle(r, func() (lock.Snapshot, error) { return do(r) })
		}
		if !l.travel("from "+r.kind, r.n, Slow, Lossy, Deaf, Cut) {
			return
		}
		if d, asleep := l.process.clock.awake(); asleep {
			time.Sleep(l.server.play.moment(d))
		}
		reply <- a
	}()
	select {
	case a := <-reply:
		l.process.told(r, a)
		if a.err != nil {
			l.process.note("%s: %v", r.kind, strings.ReplaceAll(a.err.Error(), "\n", ": "))
		}
		return a.snapshot, a.err
	case <-ctx.Done():
		l.process.note("%s: no answer", r.kind)
		return lock.Snapshot{}, ctx.Err()
	}
}

func (l *link) waits(s *sending, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if on {
		l.asking[s] = struct{}{}
	} else {
		delete(l.asking, s)
	}
}

// hangs reports whether a request has waited for so long.
func (l *link) hangs(d time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.asking {
		if l.server.play.now()-s.at > d {
			return true
		}
	}
	return false
}

// usual is what a way takes without faults, at most.
const usual = 10 * time.Millisecond

// travel takes as long as a way takes with these faults; false: it leads
// nowhere.
func (l *link) travel(way string, n int, faults ...Kind) bool {
	d := l.dice.upTo(way, n, usual)
	for _, k := range faults {
		switch {
		case !l.has(k):
		case k == Slow:
			d = l.dice.upTo("slow "+way, n, longestWay)
		case k == Lossy:
			if l.dice.roll("lossy "+way, n).one(6) {
				return false
			}
		default:
			return false
		}
	}
	if l.process.isDead() {
		return false
	}
	time.Sleep(l.server.play.moment(d))
	return true
}

package leaderelection_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

var migrations = flag.Int("migrations", 300, "how many seeds TestMigration plays")

// TestMigration moves fleets from one lock to two that are held together, and
// on to the other one, or back, a replica at a time, while requests are slow,
// lost or repeated, or their answers are, while watches of one or both are
// silent, while an operator deletes, empties or edits one of both, and while
// replicas are killed, also between the halves of a write, stopped, or started
// again under the same name. In one of three the first lock alone is that of
// client-go's electors. Never are two at work, tokens rise, and after the last
// fault somebody leads. A failure tells its story; what happens at one moment
// is in the scheduler's order, so a seed need not replay exactly.
func TestMigration(t *testing.T) {
	n := *migrations
	if testing.Short() {
		n /= 5
	}
	for seed := range uint64(n) {
		t.Run(fmt.Sprint(seed+1), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newMigration(t, seed+1).play() })
		})
	}
}

// migration is one fleet on its way.
type migration struct {
	t     *testing.T
	rand  *dice
	store *locktest.Store
	begun time.Time

	foreign bool // who knows the first lock only is client-go's elector
	ops     bool // an operator acts
	dup     bool // writes are repeated on their way

	mu     sync.Mutex // guards the fields below
	rough  bool       // requests fail
	atWork map[*migrant]bool
	token  uint64
	led    int
	lines  []string
}

// dice are for many goroutines.
type dice struct {
	mu     sync.Mutex // guards the field below
	source *rand.Rand
}

// Int64N is from 0 to n−1.
func (d *dice) Int64N(n int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source.Int64N(n)
}

func (d *dice) IntN(n int) int { return int(d.Int64N(int64(n))) }

// migrant is one replica.
type migrant struct {
	*migration
	name  string
	stage string
	a, b  *locktest.Client
	stop  func()
	done  chan struct{}
	dead  bool // guarded by migration.mu
}

func newMigration(t *testing.T, seed uint64) *migration {
	return &migration{
		t: t, rand: &dice{source: rand.New(rand.NewPCG(seed, 1))}, store: locktest.NewStore(), begun: time.Now(), atWork: make(map[*migrant]bool),
	}
}

// stages are the locks that a fleet has one after another: any two that follow
// on each other exclude each other.
var stages = []string{"first", "both", "second"}

func (m *migration) play() {
	const replicas = 3
	stage, step := 0, 1
	if m.rand.IntN(2) == 0 {
		stage, step = len(stages)-1, -1
	}
	m.foreign, m.ops, m.dup = m.rand.IntN(3) == 0, m.rand.IntN(2) == 0, m.rand.IntN(2) == 0
	var fleet, old []*migrant
	for i := range replicas {
		fleet = append(fleet, m.start(fmt.Sprintf("%s-%d", stages[stage], i), stages[stage]))
	}
	for range m.rand.IntN(4) + 1 { // of these moves each is a rolling update
		if next := stage + step; next < 0 || next >= len(stages) {
			step = -step
		}
		stage += step
		for i := range fleet {
			m.sleep(8 * time.Second)
			if m.ops {
				m.operate(fleet)
			}
			m.set(m.rand.IntN(3) > 0)
			one := fleet[m.rand.IntN(len(fleet))]
			if m.rand.IntN(2) == 0 {
				m.say("silences %s", one.name)
				if k := m.rand.IntN(3); k > 0 {
					one.a.Silence(true)
				} else {
					one.b.Silence(true)
				}
				if m.rand.IntN(2) == 0 {
					one.b.Silence(true)
				}
			}
			if again := m.rand.IntN(len(fleet)); m.rand.IntN(3) == 0 { // a process that starts again under its name
				was := fleet[again]
				m.kill(was)
				old = append(old, was)
				m.sleep(4 * time.Second)
				fleet[again] = m.start(was.name, was.stage)
				m.sleep(4 * time.Second)
			}
			fresh := m.start(fmt.Sprintf("%s-%d'", stages[stage], i), stages[stage])
			m.sleep(3 * time.Second)
			m.end(fleet[i])
			old = append(old, fleet[i])
			fleet[i] = fresh
		}
		for _, one := range old { // the next stage does not exclude the one before this
			<-one.done
		}
		m.set(false)
		for _, one := range fleet {
			one.a.Silence(false)
			one.b.Silence(false)
		}
		m.await(time.Now()) // nor would an operator go on before
	}
	for _, one := range fleet {
		m.say("stops %s", one.name)
		one.stop()
	}
	for _, one := range fleet {
		<-one.done
	}
	time.Sleep(time.Minute) // calls that are still under way
	m.mu.Lock()
	defer m.mu.Unlock()
	require.Empty(m.t, m.atWork)
	if m.t.Failed() {
		m.t.Log(strings.Join(m.lines, "\n"))
	}
}

// await requires a leader, within what may be left of leases.
func (m *migration) await(since time.Time) {
	for {
		m.mu.Lock()
		led := len(m.atWork)
		m.mu.Unlock()
		if led > 0 {
			return
		}
		if time.Since(since) > 80*time.Second { // the half of a write, its grace, and another half
			m.fail("nobody leads %v after the last fault", time.Since(since))
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (m *migration) sleep(most time.Duration) { time.Sleep(time.Duration(m.rand.Int64N(int64(most)))) }

func (m *migration) set(rough bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rough = rough
}

func (m *migration) start(name, stage string) *migrant {
	r := &migrant{migration: m, name: name, stage: stage, a: m.store.Client("a"), b: m.store.Client("b"), done: make(chan struct{})}
	r.a.SetFault(r.fault)
	r.b.SetFault(r.fault)
	if stage == "first" && m.foreign {
		r.runForeign()
		return r
	}
	twice := func(l lock.Lock) lock.Lock {
		return &repeated{l, func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.dup && m.rough && m.rand.IntN(10) == 0
		}}
	}
	l := twice(r.a)
	switch stage {
	case "second":
		l = twice(r.b)
	case "both":
		var err error
		l, err = lock.Join(twice(r.a), twice(r.b))
		require.NoError(m.t, err)
	}
	e, err := leaderelection.NewElector(leaderelection.Config{
		Lock: l, LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second,
		Foreign:  leaderelection.ForeignAllow,
		Identity: name, JitterSeed: uint64(m.rand.Int64N(1<<62)) | 1, Now: func() time.Duration { return time.Since(m.begun) },
		Logger: slog.New(slog.DiscardHandler),
		Observers: []leaderelection.Observer{func(e leaderelection.Event) {
			m.say("%s: %s %s holder=%q token=%d %v", name, e.Kind, e.Request, e.Holder, e.Token, e.Err)
		}},
	})
	require.NoError(m.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	drain := time.Duration(m.rand.Int64N(int64(1500 * time.Millisecond)))
	go func() {
		defer close(r.done)
		_ = e.Run(ctx, func(ctx context.Context) error {
			r.enter(ctx)
			<-ctx.Done()
			time.Sleep(drain)
			r.leave()
			return nil
		})
	}()
	return r
}

// end stops a replica, or kills it.
func (m *migration) end(r *migrant) {
	if m.rand.IntN(2) == 0 {
		m.say("stops %s", r.name)
		r.stop()
		return
	}
	m.kill(r)
}

// operate is what an operator does to one of both.
func (m *migration) operate(fleet []*migrant) {
	m.set(false)
	for _, one := range fleet {
		one.a.Silence(false)
		one.b.Silence(false)
	}
	time.Sleep(8 * time.Second) // all have seen what there is
	name := []string{"a", "b"}[m.rand.IntN(2)]
	_, exists := m.store.Get(name)
	switch k := m.rand.IntN(4); {
	case !exists:
	case k == 0 && (!m.foreign || name == "b"):
		m.say("deletes %s", name)
		m.store.Delete(name)
		time.Sleep(14 * time.Second)
	case k == 1 && !m.foreign:
		m.say("empties %s", name)
		m.store.Edit(name, func(r *lock.Record) { r.Holder = "" })
		m.sleep(12 * time.Second)
	case k == 2:
		m.say("edits %s", name)
		m.store.Edit(name, func(r *lock.Record) { r.Duration += time.Second })
		m.sleep(12 * time.Second)
	}
}

func (m *migration) kill(r *migrant) {
	m.say("kills %s", r.name)
	r.a.Cut()
	r.b.Cut()
	m.mu.Lock()
	r.dead = true
	delete(m.atWork, r)
	m.mu.Unlock()
	r.stop() // of which nobody hears
}

// fault is what happens to a request. A watch that was started is silent at
// times.
func (r *migrant) fault(c locktest.Call) locktest.Fault {
	m := r.migration
	m.mu.Lock()
	defer m.mu.Unlock()
	ms := func(n int64) time.Duration { return time.Duration(m.rand.Int64N(n*1000)) * time.Microsecond }
	f := locktest.Fault{Delay: ms(10), ReplyDelay: ms(10)}
	if !m.rough {
		return f
	}
	switch m.rand.IntN(12) {
	case 0:
		f.Lost = true
	case 1:
		f.ReplyLost = true
	case 2:
		f.Delay = ms(4000)
	case 3:
		f.ReplyDelay = ms(4000)
	case 4:
		f.Err = errors.New("internal error")
	case 5:
		if c.Verb == "watch" {
			f.Err = lock.ErrForbidden
		}
	}
	return f
}

func (r *migrant) enter(ctx context.Context) {
	term, _ := leaderelection.TermFromContext(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		return
	}
	for other := range r.atWork {
		r.failed("%s works beside %s", r.name, other.name)
	}
	if term.Token() <= r.token {
		r.failed("%s has token %d, after %d", r.name, term.Token(), r.token)
	}
	r.token = term.Token()
	r.atWork[r] = true
	r.led++
}

func (r *migrant) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.atWork, r)
}

func (m *migration) say(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, fmt.Sprintf("%8.3fs "+format, append([]any{time.Since(m.begun).Seconds()}, args...)...))
}

func (m *migration) fail(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed(format, args...)
}

// failed is fail while m.mu is held.
func (m *migration) failed(format string, args ...any) {
	line := fmt.Sprintf("%8.3fs VIOLATION "+format, append([]any{time.Since(m.begun).Seconds()}, args...)...)
	m.lines = append(m.lines, line)
	m.t.Error(line)
}

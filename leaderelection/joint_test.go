package leaderelection_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// duel is candidates that know one of two locks, or both, and notices when two
// are at work at once.
type duel struct {
	t      *testing.T
	store  *locktest.Store
	begun  time.Time
	mu     sync.Mutex
	atWork map[string]bool
	over   int
	ends   map[string]int
	lines  []string
}

// cand is a candidate in a duel.
type cand struct {
	*leaderelection.Elector
	a, b *locktest.Client
	stop func()
	done chan struct{}
}

func newDuel(t *testing.T) *duel {
	return &duel{t: t, store: locktest.NewStore(), begun: time.Now(), atWork: map[string]bool{}, ends: map[string]int{}}
}

func (m *duel) say(f string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, fmt.Sprintf("%8.3fs ", time.Since(m.begun).Seconds())+fmt.Sprintf(f, args...))
}

func (m *duel) candidate(name, stage string, wrapB func(lock.Lock) lock.Lock) *cand {
	c := &cand{a: m.store.Client("a"), b: m.store.Client("b"), done: make(chan struct{})}
	var l lock.Lock = c.a
	switch stage {
	case "second":
		l = c.b
	case "both":
		var b lock.Lock = c.b
		if wrapB != nil {
			b = wrapB(b)
		}
		l, _ = lock.Join(c.a, b)
	}
	e, err := leaderelection.NewElector(leaderelection.Config{
		Lock: l, LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		Foreign: leaderelection.ForeignAllow, Identity: name, JitterSeed: 7, Now: func() time.Duration { return time.Since(m.begun) }, Logger: slog.New(slog.DiscardHandler),
		Observers: []leaderelection.Observer{func(e leaderelection.Event) {
			m.say("%s: %s %s holder=%q token=%d %v", name, e.Kind, e.Request, e.Holder, e.Token, e.Err)
		}},
	})
	require.NoError(m.t, err)
	c.Elector = e
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = func() {
		cancel()
		<-c.done
	}
	go func() {
		defer close(c.done)
		_ = e.Run(ctx, func(ctx context.Context) error {
			m.mu.Lock()
			m.atWork[name] = true
			if len(m.atWork) > 1 {
				m.over++
				m.lines = append(m.lines, fmt.Sprintf("%8.3fs TWO AT WORK: %v", time.Since(m.begun).Seconds(), m.atWork))
			}
			m.mu.Unlock()
			<-ctx.Done()
			m.mu.Lock()
			delete(m.atWork, name)
			m.ends[name]++
			m.lines = append(m.lines, fmt.Sprintf("%8.3fs %s ends: %v", time.Since(m.begun).Seconds(), name, context.Cause(ctx)))
			m.mu.Unlock()
			return nil
		})
	}()
	return c
}

func (m *duel) tell() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lines {
		m.t.Log(l)
	}
}

// A standby whose watch of the second lock alone is silent takes the first
// from under a leader that renews, and then frees it.
func TestJointLeaderIsNotPutDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		x := m.candidate("x", "both", nil)
		time.Sleep(3 * time.Second)
		require.True(t, x.IsLeader())
		y := m.candidate("y", "both", nil)
		time.Sleep(7 * time.Second)
		y.b.Silence(true)
		time.Sleep(40 * time.Second)
		m.tell()
		defer func() { x.stop(); y.stop() }()
		require.Zero(t, m.ends["x"], "a leader that renews is put down by a standby")
	})
}

// The same, beside one that knows the first only; the leader is cut off just
// then: two at work for seconds.
func TestJointHalfASilentWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		x := m.candidate("x", "both", nil)
		time.Sleep(3 * time.Second)
		y := m.candidate("y", "both", nil)
		w := m.candidate("w", "first", nil)
		time.Sleep(7 * time.Second)
		y.b.Silence(true)
		time.Sleep(9 * time.Second)
		x.a.Cut()
		x.b.Cut()
		time.Sleep(31 * time.Second)
		m.tell()
		defer func() { x.stop(); y.stop(); w.stop(); time.Sleep(time.Second) }()
		require.Zero(t, m.over)
	})
}

type repeated struct {
	lock.Lock
	on func() bool
}

func (l *repeated) Swap(ctx context.Context, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	s, err := l.Lock.Swap(ctx, old, r)
	if err == nil && l.on() {
		return l.Lock.Swap(ctx, old, r)
	}
	return s, err
}

// The take of the second lock is sent twice by the transport.
func TestJointRepeatedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		old := m.candidate("old", "both", nil)
		time.Sleep(3 * time.Second)
		x := m.candidate("x", "both", func(l lock.Lock) lock.Lock {
			return &repeated{l, func() bool { return time.Since(m.begun) < 6*time.Second }}
		})
		time.Sleep(time.Second)
		w := m.candidate("w", "first", nil)
		w.a.SetFault(func(c locktest.Call) locktest.Fault { return locktest.Fault{Delay: 10 * time.Millisecond} })
		time.Sleep(time.Second)
		old.stop()
		time.Sleep(40 * time.Second)
		m.tell()
		defer func() { x.stop(); w.stop(); time.Sleep(time.Second) }()
		require.Zero(t, m.over)
	})
}

// A backup older than the second lock: nobody ever leads again.
func TestJointRestoreWithoutTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		w := m.candidate("w", "first", nil)
		time.Sleep(time.Second)
		w.stop()
		backup, _ := m.store.Get("a")
		x := m.candidate("x", "both", nil)
		y := m.candidate("y", "both", nil)
		time.Sleep(60 * time.Second)
		require.True(t, x.IsLeader() || y.IsLeader())
		m.say("RESTORE")
		for _, c := range []*cand{x, y} { // the API server is down
			c.a.Cut()
			c.b.Cut()
			c.a.BreakWatches(nil)
			c.b.BreakWatches(nil)
		}
		m.store.Delete("b")
		m.store.SetBack("a", backup)
		time.Sleep(5 * time.Second)
		for _, c := range []*cand{x, y} {
			c.a.Heal()
			c.b.Heal()
		}
		m.say("SERVES AGAIN")
		time.Sleep(2 * time.Minute)
		led := x.IsLeader() || y.IsLeader()
		if !led {
			time.Sleep(10 * time.Minute)
		}
		m.tell()
		defer func() { x.stop(); y.stop() }()
		require.True(t, led, "nobody leads two minutes later; after twelve: %v", x.IsLeader() || y.IsLeader())
	})
}

// One read of the unwatched first lock is swallowed by the network: the watch
// is deaf from then on.
func TestJointSwallowedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		x := m.candidate("x", "both", nil)
		time.Sleep(3 * time.Second)
		y := m.candidate("y", "both", nil)
		var swallow atomic.Bool
		y.a.SetFault(func(c locktest.Call) locktest.Fault {
			if c.Verb == "watch" {
				return locktest.Fault{Err: lock.ErrForbidden}
			}
			if c.Verb == "read" && swallow.CompareAndSwap(true, false) {
				return locktest.Fault{Lost: true}
			}
			return locktest.Fault{}
		})
		time.Sleep(4 * time.Second)
		y.a.BreakWatches(nil)
		time.Sleep(10 * time.Second)
		swallow.Store(true)
		time.Sleep(4 * time.Second)
		from := time.Now()
		x.stop()
		for !y.IsLeader() && time.Since(from) < time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		took := time.Since(from)
		m.tell()
		y.stop()
		require.Less(t, took, 3*time.Second, "a hand-over")
	})
}

// x led by both, w by the first alone, z by the second alone: an API server
// makes no version of a touch.
func TestJointTokensRise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		var tokens []uint64
		for _, stage := range []string{"both", "first", "second"} {
			c := m.candidate(stage, stage, nil)
			time.Sleep(30 * time.Second)
			require.True(t, c.IsLeader())
			s, _ := m.store.Get(map[string]string{"first": "a", "second": "b", "both": "b"}[stage])
			tokens = append(tokens, s.Token)
			c.stop()
		}
		m.tell()
		require.IsIncreasing(t, tokens)
	})
}

// x led by both; a hand edits the first (its term ends); z takes the second
// alone; the second is deleted while z's work drains: x takes what is left, its
// own record of before, for its own.
func TestJointOldRecordShowsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDuel(t)
		x := m.candidate("x", "both", nil)
		time.Sleep(3 * time.Second)
		z := m.candidate("z", "second", nil)
		time.Sleep(3 * time.Second)
		m.store.Edit("a", func(r *lock.Record) { r.Duration += time.Second })
		time.Sleep(time.Minute)
		s, _ := m.store.Get("b")
		require.Equal(t, "z", s.Holder)
		z.a.Cut()
		z.b.Cut() // or it drains
		m.store.Delete("b")
		time.Sleep(time.Minute)
		m.tell()
		x.stop()
		z.stop()
		require.Zero(t, m.over)
	})
}

package sim

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// wire is one process's way to the store, and what is wrong with it.
type wire struct {
	client *locktest.Client

	mu    sync.Mutex // guards the fields below
	dice  *rand.Rand
	wrong map[Kind]int // faults of a kind that last
	until time.Time    // the end of a pause
}

func newWire(store *locktest.Store, seed uint64) *wire {
	w := &wire{client: store.Client(lockName), dice: rand.New(rand.NewPCG(seed, 7)), wrong: make(map[Kind]int)}
	w.client.SetFault(w.fault)
	return w
}

// fault decides about one call. Latencies differ in each, so that few things
// happen at the same moment, whose order is the scheduler's, and a seed nearly
// always plays alike.
func (w *wire) fault(c locktest.Call) locktest.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	random := func(most time.Duration) time.Duration { return 1 + time.Duration(w.dice.Int64N(int64(most))) }
	f := locktest.Fault{Delay: random(10 * time.Millisecond), ReplyDelay: random(10 * time.Millisecond)}
	if w.wrong[Slow] > 0 {
		f.Delay, f.ReplyDelay = random(3*time.Second), random(3*time.Second)
	}
	if left := time.Until(w.until); w.wrong[Paused] > 0 {
		f.Delay += left
	}
	switch {
	case w.wrong[Crashed] > 0, w.wrong[Cut] > 0, w.wrong[Lossy] > 0 && w.dice.IntN(3) == 0:
		return locktest.Fault{Lost: true}
	case w.wrong[Deaf] > 0:
		f.ReplyLost = true
	case w.wrong[Refused] > 0:
		f.Err = errors.Join(errors.New("the server is busy"), lock.ErrRejected)
	}
	return f
}

// begin and end enclose a fault.
func (w *wire) begin(k Kind, for_ time.Duration) {
	w.mu.Lock()
	w.wrong[k]++
	if k == Paused {
		w.until = time.Now().Add(for_)
	}
	w.mu.Unlock()
	w.mute()
}

func (w *wire) end(k Kind) {
	w.mu.Lock()
	w.wrong[k]--
	w.mu.Unlock()
	w.mute()
}

// mute makes the watch as silent as the faults say.
func (w *wire) mute() {
	w.mu.Lock()
	silent := w.wrong[Cut]+w.wrong[Silent]+w.wrong[Paused]+w.wrong[Crashed] > 0
	w.mu.Unlock()
	w.client.Silence(silent)
}

package leaderelection_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// TestManyTermsDoNotGrow leads thousands of terms, by turns ended by the work,
// by StepDown and by a deletion.
func TestManyTermsDoNotGrow(t *testing.T) {
	warm, all := 1_000, 10_000
	if testing.Short() {
		warm, all = 200, 1_000
	}
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", func(c *leaderelection.Config) { c.Observers = nil })
		var before, after usage
		var token uint64
		for led := 0; led < all; {
			ctx, cancel := context.WithCancel(t.Context())
			err := a.Run(ctx, func(ctx context.Context) error {
				term, _ := leaderelection.TermFromContext(ctx)
				require.Greater(t, term.Token(), token)
				token = term.Token()
				switch led++; led % 4 {
				case 0:
					return nil // ends this Run
				case 1:
					go func() { _ = a.StepDown(context.WithoutCancel(ctx)) }() // with this work's return
				case 2:
					store.Delete("lock")
				case 3:
					cancel()
				}
				<-ctx.Done()
				return ctx.Err()
			})
			cancel()
			require.NoError(t, err)
			if led >= warm && before == (usage{}) {
				before = measure()
			}
		}
		after = measure()
		require.LessOrEqual(t, after.goroutines, before.goroutines)
		require.Less(t, after.heap, before.heap+256<<10, "from %d terms to %d", warm, all)
	})
}

// usage is what the process has.
type usage struct{ goroutines, heap int }

func measure() usage {
	synctest.Wait()
	for range 2 { // what has a finalizer goes at the second
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{runtime.NumGoroutine(), int(m.HeapAlloc)}
}

// works are several works on one Elector, and what became of them.
type works struct {
	*replica
	store *locktest.Store
	log   chan string
}

// run starts a Run whose work drains for a time, or returns what finish is sent.
func (w *works) run(name string, drain time.Duration) (cancel context.CancelFunc, finish chan<- error) {
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() {
		err := w.Run(ctx, func(ctx context.Context) error {
			term, _ := leaderelection.TermFromContext(ctx)
			w.log <- fmt.Sprintf("%s leads with token %d", name, term.Token())
			select {
			case err := <-result:
				return err
			case <-ctx.Done():
				w.log <- fmt.Sprintf("%s is cancelled: %v", name, context.Cause(ctx))
			}
			time.Sleep(drain)
			return nil
		})
		w.log <- fmt.Sprintf("Run of %s returns %v", name, err)
	}()
	return cancel, result
}

// said returns what has happened since, the order within an instant left out.
func (w *works) said() (lines []string) {
	synctest.Wait()
	for len(w.log) > 0 {
		lines = append(lines, <-w.log)
	}
	return lines
}

func (w *works) held() bool {
	s, _ := w.store.Get("lock")
	return s.Holder == "a"
}

func newWorks(t *testing.T) *works {
	store := locktest.NewStore()
	return &works{store: store, replica: newReplica(t, store, "a", nil), log: make(chan string, 100)}
}

func TestSeveralWorksShareOneTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		stopFirst, _ := w.run("first", time.Second)
		stopSecond, _ := w.run("second", 20*time.Second)
		require.ElementsMatch(t, []string{"first leads with token 2", "second leads with token 2"}, w.said())
		time.Sleep(time.Minute)
		_, finish := w.run("late", 0)
		require.Equal(t, []string{"late leads with token 2"}, w.said())
		finish <- errors.New("done early")
		require.Equal(t, []string{"Run of late returns done early"}, w.said())
		require.True(t, w.IsLeader())
		require.Equal(t, 1+12, w.client.Calls("swap"), "an acquisition, and the renewals of one term")

		stopFirst()
		require.Equal(t, []string{"first is cancelled: leadership ended: shutting down"}, w.said())
		time.Sleep(time.Second)
		require.Equal(t, []string{"Run of first returns <nil>"}, w.said())
		require.True(t, w.IsLeader(), "the second goes on")
		stopSecond()
		time.Sleep(20*time.Second - time.Nanosecond) // longer than a lease
		require.Equal(t, []string{"second is cancelled: leadership ended: shutting down"}, w.said())
		require.True(t, w.held(), "released only after the last has drained")
		time.Sleep(time.Nanosecond)
		require.Equal(t, []string{"Run of second returns <nil>"}, w.said())
		require.False(t, w.held())
	})
}

func TestRunThatComesDuringADrainWaitsForTheNextTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		stop, _ := w.run("first", 4*time.Second)
		require.Equal(t, []string{"first leads with token 2"}, w.said())
		stop()
		synctest.Wait()
		stopNext, _ := w.run("next", 0)
		require.Equal(t, []string{"first is cancelled: leadership ended: shutting down"}, w.said())
		time.Sleep(4 * time.Second) // no renewal is sent meanwhile
		require.Subset(t, w.said(), []string{"Run of first returns <nil>", "next leads with token 4"})
		stopNext()
		require.Len(t, w.said(), 2)
	})
}

func TestLossEndsAllWorksOfATerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		stopFirst, _ := w.run("first", time.Second)
		stopSecond, _ := w.run("second", 3*time.Second)
		require.Len(t, w.said(), 2)
		w.store.Delete("lock")
		require.ElementsMatch(t, []string{
			"first is cancelled: leadership ended: lock deleted or emptied", "second is cancelled: leadership ended: lock deleted or emptied",
		}, w.said())
		time.Sleep(3*time.Second - time.Nanosecond)
		require.Empty(t, w.said(), "no term before the last work has returned")
		time.Sleep(2 * leaderelection.DefaultLeaseDuration)
		require.Len(t, w.said(), 2, "both lead again")
		stopFirst()
		stopSecond()
		time.Sleep(3 * time.Second)
		require.Len(t, w.said(), 4)
	})
}

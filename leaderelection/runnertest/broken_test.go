package runnertest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/runnertest"
	"github.com/regent-ha/regent/lock/locktest"
)

type lead = func(context.Context) error

// runner is a Runner made of a function.
type runner func(ctx context.Context, lead lead) error

func (r runner) Run(ctx context.Context, lead func(context.Context) error) error { return r(ctx, lead) }

// TestBrokenRunnersAreCaught breaks an Elector in one way at a time, as
// programs and libraries do, and names the rules that have to
// see it.
func TestBrokenRunnersAreCaught(t *testing.T) {
	for name, tc := range map[string]struct {
		broken func(stop context.Context, e *leaderelection.Elector) runner
		rules  []string
	}{
		"releases, then joins": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				var works sync.WaitGroup
				defer works.Wait()
				return e.Run(ctx, func(ctx context.Context) error { return detached(ctx, lead, &works) })
			}
		}, []string{"the next leads after the work has drained", "the next leads after the last of several works", "Run returns only after lead"}},
		"does not join": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				return e.Run(ctx, func(ctx context.Context) error { return detached(ctx, lead, new(sync.WaitGroup)) })
			}
		}, []string{"Run returns only after lead", "the next leads after the work has drained", "after a loss Run joins lead and campaigns again"}},
		"does not cancel": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				return e.Run(ctx, func(ctx context.Context) error { return lead(context.WithoutCancel(ctx)) })
			}
		}, []string{"the end of Run's context cancels lead with ErrShutdown", "a loss cancels lead, and ends the term"}},
		"cancels without a cause": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				return e.Run(ctx, func(ctx context.Context) error {
					bare, cancel := context.WithCancel(context.WithoutCancel(ctx))
					defer context.AfterFunc(ctx, cancel)()
					return lead(bare)
				})
			}
		}, []string{"the end of Run's context cancels lead with ErrShutdown"}},
		"calls lead twice at once": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				return e.Run(ctx, func(ctx context.Context) error {
					var twice sync.WaitGroup
					defer twice.Wait()
					twice.Go(func() { _ = lead(ctx) })
					return lead(ctx)
				})
			}
		}, []string{"Run returns what lead returns"}},
		"hides the term": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				return e.Run(ctx, func(work context.Context) error { return lead(swapped{Context: work, values: ctx}) })
			}
		}, []string{"lead's context carries a valid term"}},
		"keeps the first term": {func(_ context.Context, e *leaderelection.Elector) runner {
			var once sync.Once
			var first context.Context
			return func(ctx context.Context, lead lead) error {
				return e.Run(ctx, func(ctx context.Context) error {
					once.Do(func() { first = ctx })
					return lead(swapped{Context: ctx, values: first})
				})
			}
		}, []string{"Run can be called again", "after a loss Run joins lead and campaigns again"}},
		"returns the context's error": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error { return errors.Join(e.Run(ctx, lead), ctx.Err()) }
		}, []string{"the end of Run's context cancels lead with ErrShutdown", "an ended context leads to nothing", "a candidate that waits can be stopped"}},
		"swallows lead's error": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				_ = e.Run(ctx, lead)
				return nil
			}
		}, []string{"Run returns what lead returns"}},
		"gives up after a loss": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				ctx, end := context.WithCancel(ctx)
				return e.Run(ctx, func(ctx context.Context) error {
					defer end()
					return lead(ctx)
				})
			}
		}, []string{"after a loss Run joins lead and campaigns again"}},
		"leads without asking": {func(context.Context, *leaderelection.Elector) runner {
			return leaderelection.Plain{}.Run
		}, []string{"of two candidates one leads", "each of many candidates gets its turn"}},
		"serves one Run at a time": {func(_ context.Context, e *leaderelection.Elector) runner {
			turn := make(chan struct{}, 1)
			return func(ctx context.Context, lead lead) error {
				turn <- struct{}{}
				defer func() { <-turn }()
				return e.Run(ctx, lead)
			}
		}, []string{"concurrent Runs share one term", "a Run that comes later joins the term"}},
		"ends all Runs with the first": {func(_ context.Context, e *leaderelection.Elector) runner {
			all, cancel := context.WithCancel(context.Background())
			return func(ctx context.Context, lead lead) error {
				ctx, end := context.WithCancel(ctx)
				defer context.AfterFunc(ctx, cancel)()
				defer context.AfterFunc(all, end)()
				return e.Run(ctx, lead)
			}
		}, []string{"concurrent Runs share one term"}},
		"is good for one Run": {func(_ context.Context, e *leaderelection.Elector) runner {
			used := make(chan struct{}, 1)
			return func(ctx context.Context, lead lead) error {
				select {
				case used <- struct{}{}:
					return e.Run(ctx, lead)
				default:
					return errors.New("used up")
				}
			}
		}, []string{"Run can be called again"}},
		"cannot be stopped while it waits": {func(stop context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				return e.Run(stop, func(context.Context) error { return leaderelection.Plain{}.Run(ctx, lead) })
			}
		}, []string{"a candidate that waits can be stopped"}},
		"calls lead after the end": {func(_ context.Context, e *leaderelection.Elector) runner {
			return func(ctx context.Context, lead lead) error {
				if ctx.Err() != nil {
					return lead(context.WithoutCancel(ctx))
				}
				return e.Run(ctx, lead)
			}
		}, []string{"an ended context leads to nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			caught := make(map[string]string)
			for rule, play := range runnertest.Rules() {
				synctest.Test(t, func(t *testing.T) {
					if faults := played(t, play, tc.broken); faults != "" {
						caught[rule] = faults
					}
				})
			}
			for _, rule := range tc.rules {
				require.Contains(t, caught, rule)
			}
		})
	}
}

// played returns the faults that a rule finds in a broken Elector.
func played(t *testing.T, play func(runnertest.Reporter, runnertest.Subject), broken func(context.Context, *leaderelection.Elector) runner) string {
	stop, cancel := context.WithCancel(t.Context())
	store := locktest.NewStore()
	r := new(recorder)
	subject := runnertest.Subject{
		Runner: func() leaderelection.Runner { return broken(stop, newElector(t, store.Client("lock"))) },
		Lose:   func() { store.Delete("lock") },
		Quiet:  time.Minute, Patience: time.Hour,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		play(r, subject)
	}()
	<-done
	cancel()
	synctest.Wait()
	return r.String()
}

// detached runs lead and does not wait for it after the end of its context.
func detached(ctx context.Context, lead lead, works *sync.WaitGroup) error {
	result := make(chan error, 1)
	works.Go(func() { result <- lead(ctx) })
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return nil
	}
}

// swapped is a context with another's values.
type swapped struct {
	context.Context
	values context.Context
}

func (s swapped) Value(key any) any { return s.values.Value(key) }

// recorder is a test that remembers its faults.
type recorder struct {
	mu     sync.Mutex // guards the field below
	faults strings.Builder
}

func (r *recorder) Helper()  {}
func (r *recorder) FailNow() { runtime.Goexit() }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.faults, format+"\n", args...)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults.String()
}

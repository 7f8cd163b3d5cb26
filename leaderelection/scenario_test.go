package leaderelection_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// TestScenarios plays testdata/*.txt: what happens to real Electors on a store
// in memory, in virtual time, told in lines that an operator can read. Each
// request takes 2 ms. testdata/README.md has the commands. After a change that
// is meant: go test ./leaderelection -run Scenarios -rewrite
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScenario(t)
				defer s.end()
				datadriven.RunTest(t, file, s.play)
			})
		})
	}
}

// scenario is a script under way.
type scenario struct {
	t          *testing.T
	store      *locktest.Store
	origin     time.Time
	candidates map[string]*actor
	lines      chan line
	working    chan map[string]bool // holds who is at work
	overlaps   bool                 // the script shows how two come to work at once
}

// line is something to tell.
type line struct {
	at        time.Duration
	who, text string
}

// actor is a candidate of a script.
type actor struct {
	*leaderelection.Elector
	name   string
	client *locktest.Client
	drain  time.Duration
	stop   func() error
}

func newScenario(t *testing.T) *scenario {
	s := &scenario{
		t: t, store: locktest.NewStore(), origin: time.Now(), candidates: make(map[string]*actor),
		lines: make(chan line, 10_000), working: make(chan map[string]bool, 1),
	}
	s.working <- make(map[string]bool)
	return s
}

func (s *scenario) say(who, format string, args ...any) {
	s.lines <- line{at: time.Since(s.origin), who: who, text: fmt.Sprintf(format, args...)}
}

// told returns what was said since the last time.
func (s *scenario) told() string {
	synctest.Wait()
	var lines []line
	for len(s.lines) > 0 {
		lines = append(lines, <-s.lines)
	}
	// What happens to one candidate in one instant has no order that would be
	// the same each time.
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.who, b.who), strings.Compare(a.text, b.text))
	})
	var b strings.Builder
	for i, n := 0, 0; i < len(lines); i += n {
		for n = 1; i+n < len(lines) && lines[i+n] == lines[i]; n++ {
		}
		l := lines[i]
		fmt.Fprintf(&b, "%8.3fs  %-3s %s", l.at.Seconds(), l.who, l.text)
		if n > 1 {
			fmt.Fprintf(&b, " (%d times)", n)
		}
		b.WriteByte('\n')
	}
	if b.Len() == 0 {
		return "(nothing)\n"
	}
	return b.String()
}

// end stops everybody, so that the bubble can close.
func (s *scenario) end() {
	s.overlaps = true
	for _, a := range s.candidates {
		a.client.Heal()
		a.drain = 0
	}
	for _, a := range s.candidates {
		if a.stop != nil {
			_ = a.stop() // its result was told
		}
	}
	time.Sleep(time.Second) // for requests that nobody waits for to reach the store
}

// join makes a candidate.
func (s *scenario) join(name string, change func(*leaderelection.Config)) error {
	a := &actor{name: name, client: s.store.Client("lock")}
	cfg := leaderelection.Config{
		Lock: a.client, Identity: name, Pod: "pod-" + name, Now: locktest.Clock(),
		Observers: []leaderelection.Observer{func(e leaderelection.Event) { s.observe(name, e) }},
		Logger:    slog.New(slog.DiscardHandler),
		OnFence: func(leaderelection.Fence) {
			s.say(name, "FENCE: the lease is about to expire and the work still runs")
		},
	}
	leaderelection.SetNonce(&cfg, "nonce-"+name)
	change(&cfg)
	e, err := leaderelection.NewElector(cfg)
	if err != nil {
		return err
	}
	a.Elector = e
	a.client.SetFault(func(locktest.Call) locktest.Fault { return latency })
	s.candidates[name] = a
	return nil
}

// latency is what a request takes.
var latency = locktest.Fault{Delay: time.Millisecond, ReplyDelay: time.Millisecond}

func (s *scenario) observe(name string, e leaderelection.Event) {
	switch e.Kind {
	case leaderelection.EventHolder:
		if e.Holder == "" {
			s.say(name, "sees that nobody holds the lock")
		} else {
			s.say(name, "sees that %s holds the lock", e.Holder)
		}
	case leaderelection.EventEnded:
		s.say(name, "term ended (token %d): %v", e.Token, strings.TrimPrefix(e.Err.Error(), "leadership ended: "))
	case leaderelection.EventElected:
		s.say(name, "elected, token %d", e.Token)
	case leaderelection.EventReleased:
		s.say(name, "released the lock")
	case leaderelection.EventReleaseFailed:
		s.say(name, "could not release the lock")
	case leaderelection.EventOverrun:
		s.say(name, "the work has not returned for %v", e.Took)
	case leaderelection.EventRefused:
		s.say(name, "refuses the record: %v", e.Err)
	case leaderelection.EventPolling:
		s.say(name, "cannot watch, polls: %v", e.Err)
	case leaderelection.EventRequest:
		if e.Err != nil && !(e.Request == "read" && lock.Refused(e.Err)) {
			s.say(name, "%s failed: %v", e.Request, e.Err)
		}
	}
}

// work is what a candidate does while it leads. Two at once fail the test.
func (s *scenario) work(a *actor) func(context.Context) error {
	return func(ctx context.Context) error {
		working := <-s.working
		for other := range working {
			s.say(a.name, "TWO AT WORK: with %s", other)
			if !s.overlaps {
				s.t.Errorf("two at work: %s and %s", a.name, other)
			}
		}
		working[a.name] = true
		s.working <- working
		term, _ := leaderelection.TermFromContext(ctx)
		<-ctx.Done()
		if a.drain > 0 {
			s.say(a.name, "drains, valid=%v", term.Valid())
			time.Sleep(a.drain)
		}
		working = <-s.working
		delete(working, a.name)
		s.working <- working
		s.say(a.name, "work returned")
		return nil
	}
}

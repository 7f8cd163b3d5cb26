package ha_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// stage is where components play: it notes what they do.
type stage struct {
	mu    sync.Mutex
	lines []string
}

func (s *stage) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

// said returns what was noted since it was last asked.
func (s *stage) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.lines, ", ")
	s.lines = nil
	return text
}

// sorted is said for what has no order.
func (s *stage) sorted() string {
	lines := strings.Split(s.said(), ", ")
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

// component runs until it is told to stop.
func (s *stage) component(name string) ha.Component {
	return ha.Component{Name: name, Run: func(ctx context.Context) error {
		s.say(name + " starts")
		<-ctx.Done()
		s.say(name + " stops")
		return ctx.Err()
	}}
}

// after is a component that needs more than its context's end to return.
func (s *stage) after(name string, release <-chan struct{}) ha.Component {
	return ha.Component{Name: name, Run: func(ctx context.Context) error {
		s.say(name + " starts")
		<-ctx.Done()
		s.say(name + " is told")
		<-release
		s.say(name + " stops")
		return nil
	}}
}

// runner is a Runner whose terms the test begins and ends.
type runner struct {
	stage  *stage
	begin  chan *leaderelection.Term
	end    chan error // the cause
	result chan error
}

func newRunner(s *stage) *runner {
	return &runner{stage: s, begin: make(chan *leaderelection.Term), end: make(chan error), result: make(chan error, 1)}
}

func (r *runner) Run(ctx context.Context, lead func(context.Context) error) error {
	r.stage.say("campaigns")
	defer r.stage.say("released")
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-r.result:
			return err
		case term := <-r.begin:
			work, cancel := context.WithCancelCause(leaderelection.WithTerm(context.WithoutCancel(ctx), term))
			stop := context.AfterFunc(ctx, func() { cancel(leaderelection.ErrShutdown) })
			over := make(chan struct{})
			go func() {
				select {
				case err := <-r.end:
					cancel(err)
				case <-over:
				}
			}()
			err := lead(work)
			close(over)
			stop()
			cancel(nil)
			if err != nil {
				return err
			}
		}
	}
}

// play runs a Group in a bubble, until the test stops it.
type play struct {
	*ha.Group

	t      *testing.T
	cancel context.CancelFunc
	result chan error
}

func start(t *testing.T, cfg ha.Config) *play {
	t.Helper()
	if cfg.Signals == nil {
		cfg.Signals = []os.Signal{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	group, err := ha.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	p := &play{Group: group, t: t, cancel: cancel, result: make(chan error, 1)}
	go func() { p.result <- group.Run(ctx) }()
	synctest.Wait()
	return p
}

// stop ends the Group and returns what Run does.
func (p *play) stop() error {
	p.cancel()
	return <-p.result
}

// state is what Status says of a component.
func (p *play) state(name string) ha.State {
	for _, c := range p.Status().Components {
		if c.Name == name {
			return c.State
		}
	}
	p.t.Fatalf("no component %q", name)
	return ""
}

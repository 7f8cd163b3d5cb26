package candidate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Config describes a Set.
type Config struct {
	Timings
	// Namespace and Name of the Lease.
	Namespace, Name string
	// NoEvents keeps Regent's electors from writing Kubernetes Events, which
	// client-go's do not write here.
	NoEvents bool
}

// Set is the replicas of one lock. Its methods are for one goroutine.
type Set struct {
	cfg    Config
	starts chan *term
	broken chan error
	runs   sync.WaitGroup

	leader   *term // the last that started
	replicas []*replica
	names    int

	mu       sync.Mutex // guards the fields below
	working  int
	overlaps int
}

// replica is one candidate, from its start to its end.
type replica struct {
	client  *Client
	elector Elector
	stop    context.CancelFunc
	done    chan struct{} // closed when Run has returned
}

// term is one time that a replica leads.
type term struct {
	by      *replica
	started time.Time
	over    chan struct{} // closed when the work has returned
	ended   time.Time     // set by then
}

// NewSet returns a set without replicas.
func NewSet(cfg Config) *Set {
	return &Set{cfg: cfg, starts: make(chan *term, 16), broken: make(chan error, 1)}
}

// String names the lock.
func (s *Set) String() string { return s.cfg.Name }

// Join starts one more replica, in the process that client is.
func (s *Set) Join(client *Client) error {
	s.names++
	e, err := client.elector(s.cfg, fmt.Sprintf("%s-%d", s.cfg.Name, s.names))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &replica{client: client, elector: e, stop: stop, done: make(chan struct{})}
	s.replicas = append(s.replicas, r)
	s.runs.Go(func() {
		defer close(r.done)
		if err := e.Run(ctx, func(ctx context.Context) { s.work(ctx, r) }); err != nil {
			s.fail(fmt.Errorf("%s of %s: Run: %w", e.Identity(), s.cfg.Name, err))
		}
	})
	return nil
}

// work is what a leader does: nothing, until it is told to stop.
func (s *Set) work(ctx context.Context, r *replica) {
	t := &term{by: r, started: time.Now(), over: make(chan struct{})}
	s.enter(1)
	select {
	case s.starts <- t:
	default:
		s.fail(fmt.Errorf("%s: the leaders of %d terms were not asked for", s.cfg.Name, cap(s.starts)))
	}
	<-ctx.Done()
	t.ended = time.Now()
	s.enter(-1)
	close(t.over)
}

func (s *Set) enter(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.working += by; by > 0 && s.working > 1 {
		s.overlaps++
	}
}

// Overlaps is how often work began while other work was not told to stop yet.
func (s *Set) Overlaps() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overlaps
}

func (s *Set) fail(err error) {
	select {
	case s.broken <- err:
	default: // the first is told
	}
}

// next waits for the next term to start.
func (s *Set) next(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 4*s.cfg.Lease+10*time.Second, fmt.Errorf("%s: nobody leads", s.cfg.Name))
	defer cancel()
	select {
	case s.leader = <-s.starts:
		return nil
	case err := <-s.broken:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ErrLost is returned when the leader that was to go has been lost before.
var ErrLost = errors.New("the leader was lost before its time")

// lost reports whether another leads than the one that is known.
func (s *Set) lost() bool {
	select {
	case s.leader = <-s.starts:
		return true
	default:
		return false
	}
}

// Lead waits until one of the replicas leads.
func (s *Set) Lead(ctx context.Context) error {
	if s.leader != nil {
		return nil
	}
	return s.next(ctx)
}

// poll is how often a Set asks its replicas how far they are.
const poll = 2 * time.Millisecond

// Settle waits until one leads and all the others stand by.
func (s *Set) Settle(ctx context.Context) error {
	if err := s.Lead(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 4*s.cfg.Lease+10*time.Second, fmt.Errorf("%s: not all replicas stand by", s.cfg.Name))
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !s.settled() {
		select {
		case s.leader = <-s.starts: // it was lost meanwhile
		case err := <-s.broken:
			return err
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (s *Set) settled() bool {
	holder := s.leader.by.elector.Identity()
	for _, r := range s.replicas {
		if r != s.leader.by && !r.elector.StandsBy(holder) {
			return false
		}
	}
	return true
}

// Close ends all replicas, and waits for them.
func (s *Set) Close() error {
	for _, r := range s.replicas {
		r.stop()
	}
	s.runs.Wait()
	select {
	case err := <-s.broken:
		return err
	default:
		return nil
	}
}

// leave takes a replica out of the set. It ends by itself.
func (s *Set) leave(gone *replica) {
	gone.stop()
	for i, r := range s.replicas {
		if r == gone {
			s.replicas = append(s.replicas[:i:i], s.replicas[i+1:]...)
			return
		}
	}
}

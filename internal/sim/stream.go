package sim

import (
	"context"
	"errors"
	"time"

	"github.com/regent-ha/regent/lock"
)

// stream is one watch on its way to a process.
type stream struct {
	link   *link
	n      int // of the process's watches
	in     <-chan lock.Event
	out    chan lock.Event
	broken chan error

	pending []*timed // by the time at which they are due
	last    time.Duration
	count   int
}

// timed is an event under way.
type timed struct {
	event lock.Event
	due   time.Duration
}

// Watch implements lock.Lock.
func (l *link) Watch(ctx context.Context, version string) (<-chan lock.Event, error) {
	s := &stream{link: l, out: make(chan lock.Event), broken: make(chan error, 10)}
	_, err := l.ask(ctx, request{verb: "watch"}, func(r request) (lock.Snapshot, error) {
		if l.has(Unwatched) {
			return lock.Snapshot{}, errors.Join(errors.New("RBAC"), lock.ErrForbidden)
		}
		var err error
		s.n = r.n
		s.in, err = l.server.client.Watch(ctx, version)
		return lock.Snapshot{}, err
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.streams[s] = struct{}{}
	l.mu.Unlock()
	go s.relay(ctx)
	return s.out, nil
}

func (l *link) breakWatches(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.streams {
		select {
		case s.broken <- err:
		default:
		}
	}
}

// relay brings events to the process, as late as faults say.
func (s *stream) relay(ctx context.Context) {
	defer close(s.out)
	defer func() {
		s.link.mu.Lock()
		delete(s.link.streams, s)
		s.link.mu.Unlock()
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	in := s.in
	for {
		var due <-chan time.Time
		var mended <-chan struct{}
		if len(s.pending) > 0 {
			if mended = s.held(); mended == nil {
				timer.Reset(max(0, s.pending[0].due-s.link.server.play.now()))
				due = timer.C
			}
		}
		select {
		case ev, ok := <-in:
			if !ok {
				in = nil
				s.add(lock.Event{Err: errEnded})
				continue
			}
			s.add(ev)
		case err := <-s.broken:
			if d, asleep := s.link.process.clock.awake(); asleep {
				time.Sleep(s.link.server.play.moment(d))
			}
			if err != nil {
				s.deliver(ctx, lock.Event{Err: err})
			}
			return
		case <-mended:
			s.again()
		case <-due:
			next := s.pending[0]
			s.pending = s.pending[1:]
			if d, asleep := s.link.process.clock.awake(); asleep {
				time.Sleep(s.link.server.play.moment(d))
			}
			if errors.Is(next.event.Err, errEnded) || !s.deliver(ctx, next.event) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// errEnded: the store has ended the watch.
var errEnded = errors.New("watch ended")

// held: nothing arrives before the returned channel is closed; nil: it does.
func (s *stream) held() <-chan struct{} {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if s.link.wrong[Silent]+s.link.wrong[Cut]+s.link.wrong[Deaf] > 0 || s.link.process.isDead() {
		return s.link.mended
	}
	return nil
}

// add sends an event on its way.
func (s *stream) add(ev lock.Event) {
	s.enqueue(ev)
	if s.link.has(Duplicated) {
		s.enqueue(ev)
	}
}

func (s *stream) enqueue(ev lock.Event) {
	s.count++
	d := s.link.dice.upTo("event", s.n*1000+s.count, usual)
	if s.link.has(Late) {
		d = s.link.dice.upTo("late event", s.n*1000+s.count, longestLag)
	}
	mixed := s.link.has(Reordered)
	if mixed {
		d = s.link.dice.upTo("mixed event", s.n*1000+s.count, longestMix)
	}
	play := s.link.server.play
	now := play.now()
	if !mixed {
		d = max(d, s.last+1-now)
	}
	due := now + play.moment(d)
	if !mixed {
		s.last = due
	}
	at := len(s.pending)
	for at > 0 && s.pending[at-1].due > due {
		at--
	}
	s.pending = append(s.pending[:at], append([]*timed{{event: ev, due: due}}, s.pending[at:]...)...)
}

// again sends on what was held back.
func (s *stream) again() {
	play := s.link.server.play
	now := play.now()
	for _, t := range s.pending {
		if t.due <= now {
			s.count++
			d := max(s.link.dice.upTo("again", s.n*1000+s.count, usual), s.last+1-now)
			t.due = now + play.moment(d)
			s.last = t.due
		}
	}
}

func (s *stream) deliver(ctx context.Context, ev lock.Event) bool {
	select {
	case s.out <- ev:
		s.link.process.saw(ev)
		return true
	case <-ctx.Done():
		return false
	}
}

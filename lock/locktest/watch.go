package locktest

import (
	"context"
	"strconv"
	"sync"

	"github.com/regent-ha/regent/lock"
)

// stream is a watch: what it was pushed, in order, to one reader.
type stream struct {
	name string

	mu     sync.Mutex // guards the fields below
	events []lock.Event
	held   bool
	ended  bool
	err    error
	wake   chan struct{}
}

func (s *stream) push(ev lock.Event) { s.change(func() { s.events = append(s.events, ev) }) }
func (s *stream) hold(on bool)       { s.change(func() { s.held = on }) }
func (s *stream) end(err error)      { s.change(func() { s.ended, s.err = true, err }) }

func (s *stream) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stream) take() (events []lock.Event, ended bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held && !s.ended {
		return nil, false, nil
	}
	events, s.events = s.events, nil
	return events, s.ended, s.err
}

// Watch implements lock.Lock.
func (c *Client) Watch(ctx context.Context, version string) (<-chan lock.Event, error) {
	s := &stream{name: c.name, wake: make(chan struct{}, 1)}
	_, err := c.call(ctx, Call{Verb: "watch"}, func() (lock.Snapshot, error) {
		return lock.Snapshot{}, c.store.subscribe(s, version)
	})
	if err != nil {
		s.end(err) // the call may still be on its way to the store
		c.store.unsubscribe(s)
		return nil, err
	}
	c.mu.Lock()
	c.streams[s] = struct{}{}
	s.hold(c.silent)
	c.mu.Unlock()
	events := make(chan lock.Event)
	go func() {
		defer close(events)
		defer c.forget(s)
		s.serve(ctx, events)
	}()
	return events, nil
}

func (s *stream) serve(ctx context.Context, out chan<- lock.Event) {
	for {
		events, ended, err := s.take()
		if ended && err != nil {
			events = append(events, lock.Event{Err: err})
		}
		for _, ev := range events {
			select {
			case out <- ev:
			case <-ctx.Done():
				return
			}
		}
		if ended {
			return
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Client) forget(s *stream) {
	c.store.unsubscribe(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, s)
}

// subscribe starts a watch after a version; "" = with what is there now.
func (s *Store) subscribe(w *stream, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ended, err := w.take(); ended {
		return err
	}
	l := s.lock(w.name)
	if version == "" {
		if l.exists {
			w.push(lock.Event{Snapshot: copied(l.snapshot)})
		}
	} else {
		after, err := strconv.ParseUint(version, 10, 64)
		if err != nil || after > s.revision || len(l.history) == historyLength && l.history[0].Snapshot.Revision() > after+1 {
			return errTooOld
		}
		for _, ev := range l.history {
			if ev.Snapshot.Revision() > after {
				w.push(ev)
			}
		}
	}
	s.watches[w] = struct{}{}
	return nil
}

func (s *Store) unsubscribe(w *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, w)
}

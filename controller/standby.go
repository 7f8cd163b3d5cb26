package controller

import (
	"context"
	"sync"
)

// standby holds the informers that a Warm and a Run have in common. The zero
// value is ready.
type standby struct {
	mu      sync.Mutex // guards the fields below
	current *informers // nil: none run
	holders int        // of current; 0: they have been told to end
}

// join returns the informers that run, or those that it starts, for a holder
// whose context is ctx. They go on until the context of the last holder has
// ended: what drains has its copies.
//
// leave gives them up in any case. When it returns, nothing of them runs, or
// another holder has them.
func (s *standby) join(ctx context.Context, start func(context.Context) *informers) (ins *informers, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.holders == 0 {
		// They may outlive ctx, if another holder comes.
		s.current, s.holders = start(context.WithoutCancel(ctx)), 0
	}
	s.holders++
	ins = s.current
	release := sync.OnceFunc(func() { s.release(ins) })
	stop := context.AfterFunc(ctx, release)
	return ins, func() {
		stop()
		release()
		s.settle(ins)
	}
}

// release takes one holder off. Until the last is off, ins are the current ones.
func (s *standby) release(ins *informers) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders--; s.holders == 0 {
		ins.cancel()
	}
}

// settle waits for the end of informers that have been told to end.
func (s *standby) settle(ins *informers) {
	s.mu.Lock()
	held := s.current == ins && s.holders > 0
	s.mu.Unlock()
	if held {
		return
	}
	ins.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == ins {
		s.current = nil
	}
}

// informers returns the current ones, or nil.
func (s *standby) informers() *informers {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

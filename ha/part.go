package ha

import (
	"context"
	"runtime/debug"
	"sync"
	"time"
)

// part is a component and what it does in one Run of a Group.
type part struct {
	Component

	leader bool

	mu       sync.Mutex // guards the fields below
	warming  bool       // Warm has been called and has not returned
	warmed   bool       // Warm has returned nil
	starts   int
	running  bool // Run has been called and has not returned
	told     bool // to stop
	overran  bool // its share of the drain
	overruns int
	final    bool // it will not be started again
	err      error
	asking   *asking // the Check that goes on
	state    State   // as it was seen last
	since    time.Time
	// Of the call of Run that goes on, or of the last one.
	cancel context.CancelCauseFunc
	ended  chan struct{}
}

// begin notes that Run is being called.
func (p *part) begin(cancel context.CancelCauseFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts++
	p.running, p.told, p.overran = true, false, false
	p.cancel, p.ended = cancel, make(chan struct{})
	p.see(nil)
}

// tell tells a Run that goes on to stop.
func (p *part) tell(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running {
		return
	}
	p.told = true
	p.cancel(cause)
	p.see(nil)
}

// end notes that Run has returned, and if there is an error to show, that it
// has failed.
func (p *part) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
	if p.err == nil {
		p.err = err
	}
	p.see(nil)
	close(p.ended)
}

// change changes the fields that f does.
func (p *part) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.see(nil)
}

// done is closed when the last call of Run has returned; nil if there was none.
func (p *part) done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// overrun notes that a call of Run takes too long, unless it has returned.
func (p *part) overrun(call <-chan struct{}) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running || p.ended != call {
		return false
	}
	p.overran, p.overruns = true, p.overruns+1
	p.see(nil)
	return true
}

// goesOn reports whether Run has been called and has not returned.
func (p *part) goesOn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// warmGoesOn reports whether Warm has not returned.
func (p *part) warmGoesOn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.warming
}

// status returns what is known of the part now.
func (p *part) status() ComponentStatus {
	missing := p.ready(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.see(missing)
	s := ComponentStatus{Name: p.Name, Leader: p.leader, State: p.state, Since: p.since, Starts: p.starts, Overruns: p.overruns, Err: p.err}
	if s.Err == nil {
		s.Err = missing
	}
	return s
}

// see notes since when the part is in the state that it is in. p.mu is held.
func (p *part) see(missing error) {
	state := p.now(missing)
	if state != p.state {
		p.state, p.since = state, time.Now()
	}
}

// now is the state. p.mu is held.
func (p *part) now(missing error) State {
	switch {
	case p.running && p.overran:
		return StateOverrun
	case p.running && p.told:
		return StateDraining
	case p.err != nil:
		return StateFailed
	case p.final && p.warming:
		return StateDraining
	case p.final:
		return StateStopped
	case missing != nil && (p.leader || p.running):
		return StateWarming
	case p.running:
		return StateRunning
	case p.leader:
		return StateStandby
	}
	return StateWaiting
}

// call calls a function of a component, and returns its panic as an error.
func call(ctx context.Context, f func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f(ctx)
}

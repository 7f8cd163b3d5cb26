package ha

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// checkPatience is how long a Check may take before that is said in its place.
const checkPatience = time.Second

var errWarming = errors.New("warming up: its Warm has not returned, and it has no Check")

// asking is a call of Check.
type asking struct {
	since time.Time
	done  chan struct{}
	err   error
}

// ready is what is missing before the component can do its work.
func (p *part) ready(ctx context.Context) error {
	if p.Check == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case p.Warm == nil || p.warmed:
			return nil
		case p.warming:
			return errWarming
		}
		return errors.New("its Warm is not running")
	}
	call := p.ask()
	patience := time.NewTimer(checkPatience)
	defer patience.Stop()
	select {
	case <-call.done:
		return call.err
	case <-patience.C:
		return fmt.Errorf("its Check has not returned for %v; mend: it has to return at once", time.Since(call.since).Round(time.Second))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask calls Check on a goroutine of its own, so that it cannot hold up what
// waits for it, or returns the call that goes on.
func (p *part) ask() *asking {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asking != nil {
		return p.asking
	}
	call := &asking{since: time.Now(), done: make(chan struct{}), err: errGoexit}
	p.asking = call
	go func() {
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.asking = nil
			close(call.done)
		}()
		call.err = callCheck(p.Component)
	}()
	return call
}

// callCheck returns a panic as an error.
func callCheck(c Component) error {
	return call(context.Background(), func(context.Context) error { return c.Check(nil) })
}

// broken reports whether a function did not return, but panicked or ended its
// goroutine: an error of the program, after which nothing of it can be relied on.
func broken(err error) bool {
	var p *PanicError
	return errors.As(err, &p) || errors.Is(err, errGoexit)
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// register is what works write to, through the write gate. It keeps two books:
// one takes what comes, the other compares tokens.
type register struct {
	play *play

	mu     sync.Mutex // guards the fields below
	tokens uint64     // the highest that the second has taken
	taken  int        // the order of the term that it was of
	newest int        // the highest order of those that have come
}

// write sends a write through the gate, if there is one.
func (p *process) write(ctx context.Context, w *work, n int) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	gate := p.elector.Gate(trip(func(r *http.Request) (*http.Response, error) { return p.carry(r, w, n) }))
	if gate == nil {
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, "/api/v1/namespaces/default/configmaps/register", http.NoBody)
	if err != nil {
		panic(err) // it is always the same
	}
	p.play.count("writes attempted")
	response, err := gate.RoundTrip(r)
	var refused *leaderelection.GateError
	switch {
	case err == nil:
		_ = response.Body.Close() // it has none
	case errors.As(err, &refused):
		p.play.count("writes that the gate refused")
		if !p.clock.stopped() && w.Valid() {
			p.play.broken(p, Ungated, "a write of the term with token %d was refused: %v", w.Token, err)
		}
	}
}

// patience is how long a work waits for the answer to a write.
const patience = 3 * time.Second

// carry is the way below the gate: a while in the client, then to the server.
func (p *process) carry(r *http.Request, w *work, n int) (*http.Response, error) {
	if !p.clock.stopped() && !w.Valid() {
		p.play.broken(p, Ungated, "a write of the term with token %d has passed", w.Token)
	}
	name := fmt.Sprint("register ", w.order, " ", w.run)
	select {
	case <-time.After(p.play.moment(p.dice.upTo("client "+name, n, usual))):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	p.clock.hold()
	done := make(chan error, 1)
	go func() {
		if p.link.travel("to "+name, n, Slow, Lossy, Mute, Cut) {
			_, err := p.play.server.handle(request{verb: "register", kind: name, from: p, n: n}, func() (lock.Snapshot, error) {
				return lock.Snapshot{}, p.play.register.take(w)
			})
			done <- err
		}
	}()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

var errStale = errors.New("a newer term has written")

// take books a write that has arrived.
func (g *register) take(w *work) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.play.count("writes arrived")
	if w.order < g.newest {
		g.play.count("stale writes that the gate alone let through")
	}
	g.newest = max(g.newest, w.order)
	if w.Token < g.tokens {
		g.play.count("stale writes that the tokens stopped")
		return fmt.Errorf("token %s: %w", strconv.FormatUint(w.Token, 10), errStale)
	}
	if w.order < g.taken {
		g.play.broken(w.process, StaleWrite, "a write of term %d with token %d is taken after one of term %d with token %d", w.order, w.Token, g.taken, g.tokens)
	}
	g.tokens, g.taken = w.Token, max(g.taken, w.order)
	return nil
}

// trip is an http.RoundTripper.
type trip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (t trip) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

package leaderelection

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Gate returns a RoundTripper that lets reads through to next, and writes only
// while the term in their context is valid:
//
//	cfg := rest.CopyConfig(cfg)
//	cfg.Wrap(leaderelection.Gate)
//	client, err := kubernetes.NewForConfig(cfg)
//
// A write whose context carries no [Term], or one that is over, is not sent:
// its error is a [*GateError]. A write that is under way when its term ends is
// cancelled. Writes during the drain pass, as long as the term is valid.
//
// A write is a request of another method than GET, HEAD and OPTIONS, and each
// exec, attach, portforward and proxy, whatever its method. Let through all the
// same are: the requests of an Elector to its lock, Events, and reviews, which
// ask and change nothing (TokenReview, SubjectAccessReview and their kin). The
// API server may be behind a proxy with a path of its own. A path that can be
// read in two ways counts as what needs a term.
//
// The gate is as good as the clock of this process. A process that is stopped
// between the gate and the network can send a write later; against that only
// what is written to can protect, by the resourceVersion or the token.
func Gate(next http.RoundTripper) http.RoundTripper { return GateConfig{}.Wrap(next) }

// GateConfig is a [Gate] with settings: cfg.Wrap(GateConfig{…}.Wrap).
type GateConfig struct {
	// Allow lets further writes through without a term; it is called only for
	// those that would need one, from many goroutines. nil: none.
	Allow func(*http.Request) bool
}

// Wrap is [Gate] with the settings of c.
func (c GateConfig) Wrap(next http.RoundTripper) http.RoundTripper {
	return &gate{next: next, allow: c.Allow, term: func(ctx context.Context) *Term {
		t, _ := TermFromContext(ctx)
		return t
	}}
}

// Gate is like the function [Gate], but for a write whose context carries no
// Term the present term of e counts: for code that does not pass contexts on.
func (e *Elector) Gate(next http.RoundTripper) http.RoundTripper {
	return &gate{next: next, term: func(ctx context.Context) *Term {
		if t, ok := TermFromContext(ctx); ok || e == nil {
			return t
		}
		if t := e.term.Load(); t != nil {
			return t.term
		}
		return nil
	}}
}

// GateError is why a [Gate] did not let a write through. It wraps [ErrNoTerm].
type GateError struct {
	// Method and Path are the request's.
	Method, Path string
	// Token is that of the term that is over; meaningless without a Term.
	Token uint64
	// Carried: there was a Term.
	Carried bool
}

func (e *GateError) Error() string {
	if !e.Carried {
		return fmt.Sprintf("leaderelection: %s %s was not sent: its context carries no term; mend: pass on the context that the work was called with", e.Method, e.Path)
	}
	return fmt.Sprintf("leaderelection: %s %s was not sent: the term with token %d is over", e.Method, e.Path, e.Token)
}

// Unwrap returns [ErrNoTerm].
func (e *GateError) Unwrap() error { return ErrNoTerm }

type gate struct {
	next  http.RoundTripper
	allow func(*http.Request) bool
	term  func(context.Context) *Term // nil: there is none
}

// RoundTrip implements http.RoundTripper.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if !isWrite(r) || isElection(ctx) || g.allow != nil && g.allow(r) {
		return g.next.RoundTrip(r)
	}
	t := g.term(ctx)
	if t == nil || !t.Valid() {
		if r.Body != nil {
			_ = r.Body.Close() // as a RoundTripper has to
		}
		e := &GateError{Method: r.Method, Path: r.URL.Path, Carried: t != nil}
		if t != nil {
			e.Token = t.Token()
		}
		return nil, e
	}
	ctx, cancel := t.bind(ctx)
	response, err := g.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && r.Context().Err() == nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		cancel()
		return response, err
	}
	response.Body = bound(ctx, response.Body, cancel)
	return response, nil
}

// WrappedRoundTripper is how client-go finds the transport below.
func (g *gate) WrappedRoundTripper() http.RoundTripper { return g.next }

// boundBody keeps a request's context until its answer has been read.
type boundBody struct {
	io.ReadCloser
	cancel func()
}

func (b *boundBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// boundStream is what a connection becomes after 101 Switching Protocols.
type boundStream struct {
	boundBody
	io.Writer
}

// bound makes an answer end with ctx, and ctx with the answer.
func bound(ctx context.Context, body io.ReadCloser, cancel func()) io.ReadCloser {
	b := boundBody{ReadCloser: body, cancel: cancel}
	w, ok := body.(io.Writer)
	if !ok {
		return &b
	}
	context.AfterFunc(ctx, func() { _ = body.Close() }) // net/http leaves it to us
	return &boundStream{b, w}
}

// bind returns a context that ends with t, too, and its end.
func (t *Term) bind(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		deadline := time.NewTimer(t.remaining())
		defer deadline.Stop()
		for t.Valid() {
			deadline.Reset(t.remaining()) // it may have been moved
			select {
			case <-ctx.Done():
				return
			case <-t.done:
			case <-deadline.C:
			}
		}
		cancel(ErrNoTerm)
	}()
	return ctx, func() { cancel(nil) }
}

// remaining is how long t needs no look at its deadline.
func (t *Term) remaining() time.Duration {
	if t.left == nil {
		return time.Hour
	}
	return t.left()
}

type electionKey struct{}

// forElection marks the requests to a lock, which no gate stops.
func forElection(ctx context.Context) context.Context {
	return context.WithValue(ctx, electionKey{}, true)
}

func isElection(ctx context.Context) bool { return ctx.Value(electionKey{}) != nil }

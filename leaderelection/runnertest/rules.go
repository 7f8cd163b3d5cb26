package runnertest

import (
	"context"
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

var errWork = errors.New("the work's own error")

func returnsTheResult(t *trial) {
	for _, want := range []error{nil, errWork} {
		r := t.candidate().run()
		w := r.leading()
		w.finish <- want
		require.Equal(t, want, r.ends(), "Run returns what lead returned")
		requireOver(t, w)
	}
}

// requireOver requires that nothing is left of a term whose Run has returned.
func requireOver(t *trial, w *work) {
	t.Helper()
	require.False(t, w.term.Valid(), "Term.Valid after Run has returned")
	await(t, w.term.Done(), "Term.Done is closed after Run has returned")
}

func carriesTheTerm(t *trial) {
	r := t.candidate().run()
	w := r.leading()
	require.NoError(t, w.ctx.Err(), "lead's context, when lead is called")
	require.True(t, w.term.Valid(), "Term.Valid when lead is called")
	derived, cancel := context.WithCancel(w.ctx)
	defer cancel()
	term, ok := leaderelection.TermFromContext(derived)
	require.True(t, ok && term == w.term, "TermFromContext of a context made from lead's")
	w.goesOn()
	w.finish <- nil
	require.NoError(t, r.ends())
}

func cancelsWithShutdown(t *trial) {
	for _, result := range []error{nil, context.Canceled, leaderelection.ErrShutdown, errWork} {
		r := t.candidate().run()
		w := r.leading()
		r.cancel()
		require.ErrorIs(t, w.cancelled(), leaderelection.ErrShutdown, "context.Cause of lead's context")
		w.finish <- result
		require.NoError(t, r.ends(), "Run after its context ended, lead having returned %v", result)
		requireOver(t, w)
	}
}

func joins(t *trial) {
	r := t.candidate().run()
	w := r.leading()
	r.cancel()
	_ = w.cancelled()
	never(t, r.result, "Run returned before lead had")
	require.True(t, w.term.Valid(), "the term is not valid while its work drains after a shutdown")
	w.finish <- nil
	require.NoError(t, r.ends())
	requireOver(t, w)
}

func endsBefore(t *trial) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := t.candidate().runWith(ctx, cancel)
	select {
	case err := <-r.result:
		require.NoError(t, err, "Run with a context that has ended")
	case w := <-r.leads: // by a Runner that finds out late
		_ = w.cancelled()
		w.finish <- nil
		require.NoError(t, r.ends(), "Run with a context that has ended")
	}
}

func runsAgain(t *trial) {
	c := t.candidate()
	var before uint64
	for i := range 3 {
		r := c.run()
		w := r.leading()
		require.NoError(t, w.ctx.Err(), "a later Run has a fresh context")
		requireHigher(t, i > 0, before, w)
		before = w.term.Token()
		if i == 1 {
			r.cancel()
			_ = w.cancelled()
		}
		w.finish <- nil
		require.NoError(t, r.ends())
	}
}

// requireHigher requires that a term's token is above the one before it;
// without a bound there is none.
func requireHigher(t *trial, hasBefore bool, before uint64, w *work) {
	t.Helper()
	if token := w.term.Token(); hasBefore && (before > 0 || token > 0) {
		require.Greater(t, token, before, "tokens rise from term to term")
	}
}

func sharesTheTerm(t *trial) {
	c := t.candidate()
	first, second := c.run(), c.run()
	one, two := first.leading(), second.leading()
	require.Equal(t, one.term.Token(), two.term.Token(), "the tokens of two Runs")
	first.cancel()
	require.ErrorIs(t, one.cancelled(), leaderelection.ErrShutdown)
	two.goesOn()
	one.finish <- nil
	require.NoError(t, first.ends())
	two.goesOn()
	second.cancel()
	_ = two.cancelled()
	two.finish <- nil
	require.NoError(t, second.ends())
	requireOver(t, one)
	requireOver(t, two)
}

func joinsLater(t *trial) {
	c := t.candidate()
	first := c.run()
	one := first.leading()
	one.goesOn()
	second := c.run()
	two := second.leading()
	require.Equal(t, one.term.Token(), two.term.Token(), "the tokens of two Runs")
	one.finish <- errWork
	require.Equal(t, errWork, first.ends())
	two.goesOn() // that one has had enough is not the other's end
	two.finish <- nil
	require.NoError(t, second.ends())
	requireOver(t, two)
}

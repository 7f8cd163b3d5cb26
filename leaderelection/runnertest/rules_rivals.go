package runnertest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

func oneLeads(t *trial) {
	a := t.candidate().run()
	w := a.leading()
	b := t.candidate().run()
	never(t, b.leads, "a second candidate leads beside the first")
	w.goesOn()
}

func standbyStops(t *trial) {
	a := t.candidate().run()
	w := a.leading()
	b := t.candidate().run()
	never(t, b.result, "Run returned, though its context goes on")
	b.cancel()
	require.NoError(t, b.ends(), "Run of a candidate that never led")
	require.Empty(t, b.leads, "lead was called")
	w.goesOn()
}

func drainsFirst(t *trial) {
	a := t.candidate().run()
	one := a.leading()
	b := t.candidate().run()
	never(t, b.leads, "a second candidate leads beside the first")
	a.cancel()
	require.ErrorIs(t, one.cancelled(), leaderelection.ErrShutdown)
	never(t, b.leads, "the next leads while the work of the one before drains")
	require.True(t, one.term.Valid(), "the term is not valid while its work drains after a shutdown")
	one.finish <- nil
	require.NoError(t, a.ends())
	requireSuccessor(t, one, b)
}

// requireSuccessor requires that a candidate leads next.
func requireSuccessor(t *trial, before *work, next *run) {
	t.Helper()
	w := next.leading()
	requireHigher(t, true, before.term.Token(), w)
	require.False(t, before.term.Valid(), "two terms are valid at once")
	w.goesOn()
}

func handsOver(t *trial) {
	a := t.candidate().run()
	one := a.leading()
	b := t.candidate().run()
	never(t, b.leads, "a second candidate leads beside the first")
	one.finish <- errWork
	require.Equal(t, errWork, a.ends())
	requireSuccessor(t, one, b)
}

func lastDrains(t *trial) {
	c := t.candidate()
	first, second := c.run(), c.run()
	one, two := first.leading(), second.leading()
	b := t.candidate().run()
	first.cancel()
	_ = one.cancelled()
	one.finish <- nil
	require.NoError(t, first.ends())
	second.cancel()
	_ = two.cancelled()
	never(t, b.leads, "the next leads while one of two works drains")
	two.finish <- nil
	require.NoError(t, second.ends())
	requireSuccessor(t, two, b)
}

func takesTurns(t *trial) {
	const n = 5
	var waiting []*run
	for range n {
		waiting = append(waiting, t.candidate().run())
	}
	var before *work
	for len(waiting) > 0 {
		i, w := anyLeads(t, waiting)
		if before != nil {
			requireHigher(t, true, before.term.Token(), w)
		}
		before = w
		waiting[i].cancel()
		_ = w.cancelled()
		w.finish <- nil
		require.NoError(t, waiting[i].ends())
		waiting = append(waiting[:i], waiting[i+1:]...)
	}
}

// anyLeads waits until one of several leads.
func anyLeads(t *trial, runs []*run) (int, *work) {
	t.Helper()
	late := time.After(t.s.Patience)
	look := time.NewTicker(t.s.Quiet / 100)
	defer look.Stop()
	for {
		for i, r := range runs {
			if len(r.leads) > 0 {
				return i, r.leading()
			}
		}
		select {
		case <-look.C:
		case <-late:
			t.Errorf("none of %d candidates leads: not within %v", len(runs), t.s.Patience)
			t.FailNow()
		}
	}
}

func losesAtOnce(t *trial) {
	r := t.candidate().run()
	w := r.leading()
	t.s.Lose()
	cause := w.cancelled()
	require.Error(t, cause, "context.Cause after a loss")
	require.NotErrorIs(t, cause, leaderelection.ErrShutdown, "context.Cause after a loss")
	require.False(t, w.term.Valid(), "Term.Valid after a loss")
	await(t, w.term.Done(), "Term.Done is closed after a loss")
	w.finish <- cause
}

func campaignsAgain(t *trial) {
	r := t.candidate().run()
	one := r.leading()
	t.s.Lose()
	_ = one.cancelled()
	never(t, r.leads, "lead was called again before it had returned")
	require.Empty(t, r.result, "Run returned before lead had")
	one.finish <- errWork
	two := r.leading()
	require.NoError(t, two.ctx.Err(), "each term has a fresh context")
	requireHigher(t, true, one.term.Token(), two)
	two.goesOn()
	require.Empty(t, r.result, "Run returned after a loss")
	r.cancel()
	require.ErrorIs(t, two.cancelled(), leaderelection.ErrShutdown)
	two.finish <- nil
	require.NoError(t, r.ends())
}

package leaderelection_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// replica is one candidate of a test, and what was seen of it.
type replica struct {
	*leaderelection.Elector
	client *locktest.Client
	events []leaderelection.Event
}

// newReplica returns a candidate with the timings 15 s, 10 s, 2 s.
func newReplica(t *testing.T, store *locktest.Store, identity string, change func(*leaderelection.Config)) *replica {
	t.Helper()
	r := &replica{client: store.Client("lock")}
	cfg := leaderelection.Config{
		Lock: r.client, Identity: identity, Pod: "pod-" + identity, Now: locktest.Clock(),
		Logger:    slog.New(slog.DiscardHandler),
		Observers: []leaderelection.Observer{func(e leaderelection.Event) { r.events = append(r.events, e) }},
	}
	if change != nil {
		change(&cfg)
	}
	e, err := leaderelection.NewElector(cfg)
	require.NoError(t, err)
	r.Elector = e
	return r
}

// untilCancelled is work that returns as soon as it is told to.
func untilCancelled(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// start runs a replica until the returned function stops it, which waits.
func (r *replica) start(work func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, work) }()
	return func() error {
		cancel()
		return <-done
	}
}

func TestFirstCandidateLeadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		stop := a.start(untilCancelled)
		synctest.Wait()
		require.True(t, a.IsLeader())
		s, ok := store.Get("lock")
		require.True(t, ok)
		require.Equal(t, "a", s.Holder)
		require.Positive(t, s.Token)
		require.LessOrEqual(t, s.Token, s.Revision())
		require.NoError(t, stop())
		require.False(t, a.IsLeader())
		s, _ = store.Get("lock")
		require.True(t, s.Released())
	})
}

func TestReleasedLockIsTakenWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a", nil), newReplica(t, store, "b", nil)
		stopA := a.start(untilCancelled)
		synctest.Wait()
		stopB := b.start(untilCancelled)
		time.Sleep(3 * time.Second)
		require.True(t, a.IsLeader())
		require.False(t, b.IsLeader())
		before := time.Now()
		require.NoError(t, stopA())
		synctest.Wait()
		require.True(t, b.IsLeader())
		require.Zero(t, time.Since(before))
		require.NoError(t, stopB())
	})
}

func TestCrashedLeaderIsSucceededAtExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a", nil), newReplica(t, store, "b", nil)
		stopA := a.start(untilCancelled)
		synctest.Wait()
		stopB := b.start(untilCancelled)
		time.Sleep(31 * time.Second) // the last renewal was sent at 30 s
		a.client.Cut()
		time.Sleep(14*time.Second - time.Millisecond)
		require.False(t, a.IsLeader())
		require.False(t, b.IsLeader())
		time.Sleep(2 * time.Millisecond)
		require.True(t, b.IsLeader())
		a.client.Heal()
		require.NoError(t, stopA())
		require.NoError(t, stopB())
	})
}

func TestWorkEndsAndRunReturnsItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		boom := errors.New("boom")
		require.Equal(t, boom, a.Run(t.Context(), func(context.Context) error { return boom }))
		require.NoError(t, a.Run(t.Context(), func(context.Context) error { return nil }))
		s, _ := store.Get("lock")
		require.True(t, s.Released())
	})
}

func TestDeletedLockEndsTheTermAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		var causes []error
		var tokens []uint64
		stop := a.start(func(ctx context.Context) error {
			term, ok := leaderelection.TermFromContext(ctx)
			require.True(t, ok)
			tokens = append(tokens, term.Token())
			<-ctx.Done()
			causes = append(causes, context.Cause(ctx))
			return nil
		})
		time.Sleep(7 * time.Second)
		before := time.Now()
		store.Delete("lock")
		synctest.Wait()
		require.ErrorIs(t, causes[0], leaderelection.ErrDeleted)
		require.Zero(t, time.Since(before))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.True(t, a.IsLeader())
		require.Greater(t, tokens[1], tokens[0])
		require.NoError(t, stop())
	})
}

func TestStolenLockEndsTheTermAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a := newReplica(t, store, "a", nil)
		var cause error
		stop := a.start(func(ctx context.Context) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return nil
		})
		time.Sleep(time.Second)
		store.Edit("lock", func(r *lock.Record) { r.Holder = "thief" })
		synctest.Wait()
		require.ErrorIs(t, cause, leaderelection.ErrTaken)
		require.ErrorContains(t, cause, "thief")
		require.NoError(t, stop())
	})
}

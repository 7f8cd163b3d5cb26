package lock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// twice is a lock whose transport repeats each swap, and reports the conflict
// with its own first attempt.
type twice struct {
	lock.Lock
	on bool
}

func (l *twice) Swap(ctx context.Context, old lock.Snapshot, r lock.Record) (lock.Snapshot, error) {
	s, err := l.Lock.Swap(ctx, old, r)
	if l.on {
		return l.Lock.Swap(ctx, old, r)
	}
	return s, err
}

// The second half of a write is repeated on its way, and committed: the conflict
// is with itself, and the first half is needed.
func TestJoinGivesNothingBackThatItTook(t *testing.T) {
	store := locktest.NewStore()
	b := &twice{Lock: store.Client("b")}
	l, err := lock.Join(store.Client("a"), b)
	require.NoError(t, err)
	s, err := l.Insert(t.Context(), lock.Record{Holder: "y", Duration: 15 * time.Second, Token: 1, Nonce: "y-1"})
	require.NoError(t, err)
	s, err = l.Swap(t.Context(), s, lock.Record{Duration: time.Second, Token: 1, Nonce: "y-2"})
	require.NoError(t, err)
	b.on = true
	_, err = l.Swap(t.Context(), s, lock.Record{Holder: "x", Duration: 15 * time.Second, Token: 9, Nonce: "x-1"})
	require.ErrorIs(t, err, lock.ErrConflict)
	got, err := l.Read(t.Context())
	require.NoError(t, err)
	a, _ := store.Get("a")
	own := got.Holder == "x" && got.Nonce == "x-1" && got.Sealed
	require.False(t, own && a.Released(), "x believes that it holds both, and the first is free")
}

// A backup that is older than the second lock is news.
func TestJoinGoesOnAfterARestoreWithoutTheSecond(t *testing.T) {
	store := locktest.NewStore()
	a := store.Client("a")
	_, err := a.Insert(t.Context(), locktest.Sample("", "w-1"))
	require.NoError(t, err)
	backup, _ := store.Get("a")
	l := join(t, store)
	s := read(t, l)
	for _, n := range []string{"x-1", "x-2", "x-3"} {
		s, err = l.Swap(t.Context(), s, locktest.Sample("x", n))
		require.NoError(t, err)
	}
	store.Delete("b")
	store.SetBack("a", backup)
	got := read(t, l)
	newer, ok := got.Newer(s)
	require.True(t, ok)
	require.True(t, newer || got.Revision() < s.Revision(), "the core takes it for stale for ever: %s after %s", got.Version, s.Version)
}

// What the writer itself has half written is no news to it: the first term's
// second lock does not exist yet, which looks like one that a hand has deleted.
// A write that fails there is news.
func TestJoinTellsNoHalfOfItsOwnWrite(t *testing.T) {
	for name, fault := range map[string]locktest.Fault{
		"written": {Delay: time.Second},
		"lost":    {ReplyDelay: time.Second, Err: lock.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := join(t, locktest.NewStore())
				made, err := l.Insert(t.Context(), lock.Record{Nonce: "x-1", Duration: 15 * time.Second})
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				events, err := l.Watch(ctx, made.Version)
				require.NoError(t, err)
				l.b.SetFault(func(locktest.Call) locktest.Fault { return fault })
				var told []lock.Snapshot
				var at []time.Duration
				start := time.Now()
				go func() {
					for ev := range events {
						told, at = append(told, ev.Snapshot), append(at, time.Since(start))
					}
				}()
				_, err = l.Swap(t.Context(), made, lock.Record{Holder: "x", Nonce: "x-2", Token: 2, Duration: 15 * time.Second})
				require.ErrorIs(t, err, fault.Err)
				synctest.Wait()
				require.Len(t, told, 1)
				require.Equal(t, []time.Duration{time.Second}, at)
				require.Equal(t, fault.Err == nil, told[0].Nonce == "x-2")
				require.Equal(t, fault.Err == nil, told[0].Holder == "x")
				cancel()
			})
		})
	}
}

// What is left of a release that got half way is the first lock alone: were the
// second written anew, each attempt would look like news.
func TestJoinReleasesEachOnce(t *testing.T) {
	store := locktest.NewStore()
	l := join(t, store)
	s, err := l.Insert(t.Context(), lock.Record{Holder: "x", Duration: 15 * time.Second, Token: 5, Nonce: "x-1"})
	require.NoError(t, err)
	l.a.SetFault(func(c locktest.Call) locktest.Fault {
		if c.Verb == "swap" {
			return locktest.Fault{Err: lock.ErrForbidden}
		}
		return locktest.Fault{}
	})
	for _, nonce := range []string{"x-2", "x-3"} {
		_, err = l.Swap(t.Context(), s, lock.Record{Duration: time.Second, Token: 5, Nonce: nonce})
		require.ErrorIs(t, err, lock.ErrForbidden)
		s = read(t, l)
		require.Equal(t, 1, l.b.Calls("swap"), nonce)
	}
	l.a.SetFault(nil)
	s, err = l.Swap(t.Context(), s, lock.Record{Duration: time.Second, Token: 5, Nonce: "x-4"})
	require.NoError(t, err)
	require.True(t, s.Released())
	require.Equal(t, 1, l.b.Calls("swap"))
}

package lock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// joined is a candidate's way to two locks in one store.
type joined struct {
	lock.Lock
	a, b *locktest.Client
}

func join(t testing.TB, store *locktest.Store) joined {
	t.Helper()
	j := joined{a: store.Client("a"), b: store.Client("b")}
	l, err := lock.Join(j.a, j.b)
	require.NoError(t, err)
	j.Lock = l
	return j
}

func TestJoinConforms(t *testing.T) {
	locktest.Conformance(t, func(t *testing.T) locktest.Subject {
		store := locktest.NewStore()
		return locktest.Subject{
			Client: func() lock.Lock { return join(t, store) },
			Delete: func() { store.Delete("a"); store.Delete("b") },
			Edit:   func(holder string) { store.Edit("a", func(r *lock.Record) { r.Holder = holder }) },
			Steps:  true,
		}
	})
}

func TestJoinOfNil(t *testing.T) {
	client := locktest.NewStore().Client("a")
	for _, err := range []error{second(lock.Join(nil, client)), second(lock.Join(client, nil)), second(lock.NewMulti(nil, nil))} {
		require.ErrorContains(t, err, "nil; mend: pass")
	}
}

func second[T any](_ T, err error) error { return err }

func TestJoinSwapsItsOwnOnly(t *testing.T) {
	l := join(t, locktest.NewStore())
	_, err := l.Swap(t.Context(), lock.Snapshot{}, lock.Record{Nonce: "n"})
	require.ErrorContains(t, err, "snapshot is of another lock")
}

// The first is taken first and released last.
func TestJoinsOrder(t *testing.T) {
	store := locktest.NewStore()
	l := join(t, store)
	var order []string
	note := func(name string) func(locktest.Call) locktest.Fault {
		return func(c locktest.Call) locktest.Fault {
			if c.Verb == "swap" || c.Verb == "insert" {
				order = append(order, name+" "+c.Verb)
			}
			return locktest.Fault{}
		}
	}
	l.a.SetFault(note("a"))
	l.b.SetFault(note("b"))
	s, err := l.Insert(t.Context(), lock.Record{Duration: 15 * time.Second, Nonce: "x-0"})
	require.NoError(t, err)
	require.Equal(t, []string{"a insert"}, order, "unheld, it needs one")
	for _, r := range []lock.Record{{Holder: "x", Duration: 15 * time.Second, Token: 2, Nonce: "x-1"}, {Holder: "x", Duration: 15 * time.Second, Token: 2, Nonce: "x-2"}, {Duration: time.Second, Token: 2, Nonce: "x-3"}} {
		s, err = l.Swap(t.Context(), s, r)
		require.NoError(t, err)
		require.Equal(t, r.Holder, s.Holder)
	}
	require.True(t, s.Released())
	require.Equal(t, []string{"a insert", "a swap", "b insert", "a swap", "b swap", "b swap", "a swap"}, order)
}

// Whatever befalls a write between its two halves, nobody believes that it was
// made, and nobody that it was not.
func TestJoinsHalfWrites(t *testing.T) {
	boom := errors.New("boom")
	held := func(nonce string, token uint64) lock.Record {
		return lock.Record{Holder: "x", Duration: 15 * time.Second, Token: token, Nonce: nonce}
	}
	for name, tc := range map[string]struct {
		before lock.Record // what y, or x itself, wrote before
		write  lock.Record
		fault  locktest.Fault // of the second half
		held   string         // by whom others think it is held
		own    bool           // x may take it for its write of before
	}{
		"taken, the second lost":    {before: lock.Record{Token: 5, Nonce: "y-2", Duration: time.Second}, write: held("x-1", 9), fault: locktest.Fault{Err: boom}, held: "x"},
		"renewed, the second lost":  {before: held("x-1", 9), write: held("x-2", 9), fault: locktest.Fault{Err: boom}, held: "x", own: true},
		"taken, the second refused": {before: lock.Record{Token: 5, Nonce: "y-2", Duration: time.Second}, write: held("x-1", 9), fault: locktest.Fault{Err: lock.ErrForbidden}, held: "x"},
		"renewed, a conflict":       {before: held("x-1", 9), write: held("x-2", 9), fault: locktest.Fault{Err: lock.ErrConflict}, held: "x", own: true},
		"taken, a conflict":         {before: lock.Record{Token: 5, Nonce: "y-2", Duration: time.Second}, write: held("x-1", 9), fault: locktest.Fault{Err: lock.ErrConflict}},
	} {
		t.Run(name, func(t *testing.T) {
			store := locktest.NewStore()
			x := join(t, store)
			s, err := x.Insert(t.Context(), held("y-1", 5))
			require.NoError(t, err)
			s, err = x.Swap(t.Context(), s, tc.before)
			require.NoError(t, err)
			x.b.SetFault(func(c locktest.Call) locktest.Fault {
				if c.Verb == "swap" {
					return tc.fault
				}
				return locktest.Fault{}
			})
			_, err = x.Swap(t.Context(), s, tc.write)
			require.ErrorIs(t, err, tc.fault.Err)
			got := read(t, join(t, store))
			require.Equal(t, tc.held, got.Holder)
			require.NotEqual(t, tc.write.Nonce, got.Nonce)
			require.Equal(t, tc.own, got.Holder != "" && got.Nonce == tc.before.Nonce)
			require.Equal(t, tc.held == "", got.Released(), "given back")
			first, _ := store.Get("a")
			require.Equal(t, tc.held, first.Holder, "the first is given back if it was taken for nothing, and never by a leader")
			again, err := join(t, store).Swap(t.Context(), got, held("z", 20))
			require.NoError(t, err, "it can be gone on from")
			require.Equal(t, "z", again.Nonce)
			require.True(t, again.Sealed)
		})
	}
}

// Two that take both at the same time: one wins, and only it believes so.
func TestJoinIsTakenByOne(t *testing.T) {
	for range 200 {
		store := locktest.NewStore()
		free, err := join(t, store).Insert(t.Context(), lock.Record{Duration: 15 * time.Second, Nonce: "0"})
		require.NoError(t, err)
		won := make(chan string, 4)
		for _, who := range []string{"w", "x", "y", "z"} {
			l := join(t, store)
			go func() {
				if _, err := l.Swap(t.Context(), free, lock.Record{Holder: who, Duration: 15 * time.Second, Token: 2, Nonce: who}); err != nil {
					who = ""
				}
				won <- who
			}()
		}
		winner := ""
		for range cap(won) {
			if who := <-won; who != "" {
				require.Empty(t, winner)
				winner = who
			}
		}
		require.NotEmpty(t, winner)
		require.Equal(t, winner, read(t, join(t, store)).Holder)
	}
}

// Objects in different stores have no common order.
func TestJoinOfTwoStoresIsRefused(t *testing.T) {
	one, other := locktest.NewStore(), locktest.NewStore()
	for range 3 {
		one.Edit("x", func(*lock.Record) {})
	}
	l, err := lock.Join(one.Client("a"), other.Client("b"))
	require.NoError(t, err)
	_, err = l.Insert(t.Context(), locktest.Sample("x", "x-1"))
	require.ErrorIs(t, err, lock.ErrRejected)
	require.ErrorContains(t, err, "no common order")
	require.ErrorContains(t, err, "mend: keep both in one etcd")
}

// A lock that is found missing by a read alone is news, though the reply has no
// revision; so is what comes after it.
func TestJoinOrdersWhatIsMissing(t *testing.T) {
	store := locktest.NewStore()
	l := join(t, store)
	seen, err := l.Insert(t.Context(), locktest.Sample("x", "x-1"))
	require.NoError(t, err)
	later := func(step string) {
		s := read(t, l)
		yes, ok := s.Newer(seen)
		require.True(t, ok, step)
		require.True(t, yes, "%s: %s after %s", step, s.Version, seen.Version)
		yes, _ = seen.Newer(s)
		require.False(t, yes, step)
		seen = s
	}
	store.Delete("a")
	later("first missing")
	again := read(t, l)
	yes, ok := again.Newer(seen)
	require.True(t, ok)
	require.False(t, yes, "nothing new")
	store.Edit("b", func(r *lock.Record) { r.Holder = "y" })
	later("second edited")
	store.Edit("a", func(r *lock.Record) { r.Holder = "y" })
	later("first anew")
	store.Delete("b")
	later("second missing")
	store.Delete("a")
	_, err = l.Read(t.Context())
	require.ErrorIs(t, err, lock.ErrNotFound)
	_, err = l.Insert(t.Context(), locktest.Sample("z", "z-1"))
	require.NoError(t, err)
	later("both anew")
}

// A reply that is late does not undo what was learnt since it was asked for; a
// backup that was restored does.
func TestJoinKeepsWhatIsNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		l := join(t, store)
		first, err := l.Insert(t.Context(), locktest.Sample("x", "x-1"))
		require.NoError(t, err)
		n := 0
		l.a.SetFault(func(c locktest.Call) locktest.Fault {
			if n++; c.Verb == "read" && n == 1 {
				return locktest.Fault{ReplyDelay: time.Second}
			}
			return locktest.Fault{}
		})
		late := make(chan lock.Snapshot)
		go func() {
			s, _ := l.Read(context.Background())
			late <- s
		}()
		time.Sleep(time.Millisecond)
		second, err := l.Swap(t.Context(), first, locktest.Sample("x", "x-2"))
		require.NoError(t, err)
		require.Equal(t, second.Version, (<-late).Version)
	})
}

func TestJoinGoesOnAfterARestore(t *testing.T) {
	store := locktest.NewStore()
	l := join(t, store)
	first, err := l.Insert(t.Context(), locktest.Sample("x", "x-1"))
	require.NoError(t, err)
	a, _ := store.Get("a")
	b, _ := store.Get("b")
	_, err = l.Swap(t.Context(), first, locktest.Sample("x", "x-2"))
	require.NoError(t, err)
	store.SetBack("a", a)
	store.SetBack("b", b)
	require.Equal(t, "x-1", read(t, l).Nonce)
}

// Where the first cannot be watched, it is read as the second changes, until a
// release is complete.
func TestJoinWatchesTheSecondAlone(t *testing.T) {
	for name, refusal := range map[string]error{"by RBAC": lock.ErrForbidden, "by its nature": errors.ErrUnsupported} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := locktest.NewStore()
				l, watcher := join(t, store), join(t, store)
				first, err := l.Insert(t.Context(), locktest.Sample("x", "x-1"))
				require.NoError(t, err)
				watcher.a.SetFault(func(c locktest.Call) locktest.Fault {
					if c.Verb == "watch" {
						return locktest.Fault{Err: refusal}
					}
					return locktest.Fault{}
				})
				from := read(t, watcher)
				ctx, cancel := context.WithCancel(t.Context())
				events, err := watcher.Watch(ctx, from.Version)
				require.NoError(t, err)
				second, err := l.Swap(t.Context(), first, locktest.Sample("x", "x-2"))
				require.NoError(t, err)
				for ev := range events {
					if ev.Snapshot.Version == second.Version {
						require.Equal(t, "x-2", ev.Snapshot.Nonce)
						break
					}
				}
				l.a.SetFault(func(locktest.Call) locktest.Fault { return locktest.Fault{Delay: 300 * time.Millisecond} })
				released := locktest.Sample("", "x-3")
				_, err = l.Swap(t.Context(), second, released)
				require.NoError(t, err)
				start := time.Now()
				for ev := range events {
					if ev.Snapshot.Released() {
						break
					}
				}
				require.Less(t, time.Since(start), 350*time.Millisecond)
				cancel()
				for range events {
				}
			})
		})
	}
}

func TestJoinCannotBeWatchedWithoutTheSecond(t *testing.T) {
	l := join(t, locktest.NewStore())
	l.b.SetFault(func(locktest.Call) locktest.Fault { return locktest.Fault{Err: lock.ErrForbidden} })
	_, err := l.Watch(t.Context(), "")
	require.ErrorIs(t, err, lock.ErrForbidden)
}

// A candidate that adds itself between the two halves of a write is not in its
// way, and stays on the list.
func TestJoinIsTakenBesideAPublication(t *testing.T) {
	store := locktest.NewStore()
	x, other := join(t, store), store.Client("b")
	s, err := x.Insert(t.Context(), lock.Record{Holder: "y", Duration: 15 * time.Second, Token: 5, Nonce: "y-1"})
	require.NoError(t, err)
	published := false
	x.b.SetFault(func(c locktest.Call) locktest.Fault {
		if c.Verb == "swap" && !published {
			published = true
			now := read(t, other)
			r := now.Record
			r.Candidates = []lock.Candidate{{Identity: "z"}}
			_, err := other.Swap(t.Context(), now, r)
			require.NoError(t, err)
		}
		return locktest.Fault{}
	})
	s, err = x.Swap(t.Context(), s, lock.Record{Holder: "x", Duration: 15 * time.Second, Token: 9, Nonce: "x-1", Candidates: []lock.Candidate{{Identity: "x"}}})
	require.NoError(t, err)
	require.True(t, published)
	require.Equal(t, "x", s.Holder)
	require.Equal(t, []lock.Candidate{{Identity: "x"}, {Identity: "z"}}, s.Candidates)
}

// One that takes the second lock meanwhile keeps it.
func TestJoinLeavesTheSecondToWhoHasIt(t *testing.T) {
	store := locktest.NewStore()
	x, other := join(t, store), store.Client("b")
	s, err := x.Insert(t.Context(), lock.Record{Holder: "y", Duration: 15 * time.Second, Token: 5, Nonce: "y-1"})
	require.NoError(t, err)
	x.b.SetFault(func(c locktest.Call) locktest.Fault {
		if c.Verb == "swap" && c.N == 2 {
			_, err := other.Swap(t.Context(), read(t, other), lock.Record{Holder: "z", Duration: 15 * time.Second, Token: 7, Nonce: "z-1"})
			require.NoError(t, err)
		}
		return locktest.Fault{}
	})
	s, err = x.Swap(t.Context(), s, lock.Record{Holder: "y", Duration: 15 * time.Second, Token: 5, Nonce: "y-2"})
	require.NoError(t, err)
	_, err = x.Swap(t.Context(), s, lock.Record{Holder: "x", Duration: 15 * time.Second, Token: 9, Nonce: "x-1"})
	require.ErrorIs(t, err, lock.ErrConflict)
	require.Equal(t, "z", read(t, other).Holder)
	require.Equal(t, "z", read(t, join(t, store)).Holder)
}

// While the halves do not agree nobody adds itself: somebody may be between two
// writes.
func TestJoinIsNotPublishedInBetween(t *testing.T) {
	store := locktest.NewStore()
	x := join(t, store)
	s, err := x.Insert(t.Context(), lock.Record{Holder: "y", Duration: 15 * time.Second, Token: 5, Nonce: "y-1"})
	require.NoError(t, err)
	x.b.SetFault(func(c locktest.Call) locktest.Fault { return locktest.Fault{Err: errors.New("lost")} })
	_, err = x.Swap(t.Context(), s, lock.Record{Holder: "x", Duration: 15 * time.Second, Token: 9, Nonce: "x-1"})
	require.Error(t, err)
	z := join(t, store)
	torn := read(t, z)
	r := torn.Record
	r.Candidates = []lock.Candidate{{Identity: "z"}}
	_, err = z.Swap(t.Context(), torn, r)
	require.ErrorIs(t, err, lock.ErrRejected)
	require.Equal(t, torn.Version, read(t, z).Version)
}

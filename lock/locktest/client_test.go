package locktest_test

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

// within returns a context of t that ends after d.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestFaults(t *testing.T) {
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		fault  locktest.Fault
		err    error
		after  time.Duration // when the caller knows
		stored time.Duration // when it is committed; -1 = never
	}{
		"none":              {locktest.Fault{}, nil, 0, 0},
		"late":              {locktest.Fault{Delay: time.Second}, nil, time.Second, time.Second},
		"late reply":        {locktest.Fault{ReplyDelay: time.Second}, nil, time.Second, 0},
		"lost":              {locktest.Fault{Lost: true}, context.DeadlineExceeded, 5 * time.Second, -1},
		"reply lost":        {locktest.Fault{ReplyLost: true}, context.DeadlineExceeded, 5 * time.Second, 0},
		"error":             {locktest.Fault{Err: boom}, boom, 0, -1},
		"late error":        {locktest.Fault{Err: boom, Delay: time.Second, ReplyDelay: time.Second}, boom, 2 * time.Second, -1},
		"commits too late":  {locktest.Fault{Delay: 7 * time.Second}, context.DeadlineExceeded, 5 * time.Second, 7 * time.Second},
		"answered too late": {locktest.Fault{Delay: time.Second, ReplyDelay: time.Minute}, context.DeadlineExceeded, 5 * time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := locktest.NewStore()
				client := store.Client("lock")
				client.SetFault(func(c locktest.Call) locktest.Fault {
					require.Equal(t, "insert", c.Verb)
					require.Equal(t, 1, c.N)
					require.Equal(t, "a", c.Record.Holder)
					return tc.fault
				})
				begin := time.Now()
				committed := time.Duration(-1)
				events, err := store.Client("lock").Watch(within(t, time.Hour), "")
				require.NoError(t, err)
				go func() {
					for range events {
						committed = time.Since(begin)
					}
				}()
				synctest.Wait()
				_, err = client.Insert(within(t, 5*time.Second), locktest.Sample("a", "a-1"))
				require.ErrorIs(t, err, tc.err)
				require.Equal(t, tc.after, time.Since(begin))
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				require.Equal(t, tc.stored, committed)
			})
		})
	}
}

func TestFaultSeesWhatIsSwapped(t *testing.T) {
	store := locktest.NewStore()
	client := store.Client("lock")
	first, err := client.Insert(t.Context(), locktest.Sample("a", "a-1"))
	require.NoError(t, err)
	var calls []locktest.Call
	client.SetFault(func(c locktest.Call) locktest.Fault {
		calls = append(calls, c)
		return locktest.Fault{}
	})
	_, err = client.Swap(t.Context(), first, locktest.Sample("b", "b-1"))
	require.NoError(t, err)
	_, err = client.Read(t.Context())
	require.NoError(t, err)
	_, err = client.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, calls, 3)
	require.Equal(t, "swap", calls[0].Verb)
	require.Equal(t, "a", calls[0].Old.Holder)
	require.Equal(t, "b", calls[0].Record.Holder)
	require.Equal(t, 2, calls[2].N)
	require.Equal(t, 2, client.Calls("read"))
	require.Equal(t, 4, client.Calls(""))
}

func TestCutLosesCallsAndSilencesWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		client, other := store.Client("lock"), store.Client("lock")
		first, err := client.Insert(t.Context(), locktest.Sample("a", "a-1"))
		require.NoError(t, err)
		events, err := client.Watch(within(t, time.Hour), first.Version)
		require.NoError(t, err)
		client.Cut()
		_, err = client.Read(within(t, time.Second))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = client.Watch(within(t, time.Second), first.Version)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		second, err := other.Swap(t.Context(), first, locktest.Sample("b", "b-1"))
		require.NoError(t, err, "other clients are not cut off")
		third, err := other.Swap(t.Context(), second, locktest.Sample("c", "c-1"))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case ev := <-events:
			require.Fail(t, "a silent watch speaks", "%+v", ev)
		default:
		}
		client.Heal()
		require.Equal(t, second.Version, (<-events).Snapshot.Version, "nothing is lost, only late")
		require.Equal(t, third.Version, (<-events).Snapshot.Version)
		_, err = client.Read(t.Context())
		require.NoError(t, err)
	})
}

func TestBreakWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		client := store.Client("lock")
		first, err := client.Insert(t.Context(), locktest.Sample("a", "a-1"))
		require.NoError(t, err)
		for _, broken := range []error{nil, lock.ErrExpired} {
			events, err := client.Watch(within(t, time.Hour), first.Version)
			require.NoError(t, err)
			client.Silence(true)
			client.BreakWatches(broken)
			if broken != nil {
				require.ErrorIs(t, (<-events).Err, broken)
			}
			_, ok := <-events
			require.False(t, ok)
			client.Silence(false)
		}
	})
}

func TestSilenceHoldsWatchesThatBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		client := store.Client("lock")
		_, err := client.Insert(t.Context(), locktest.Sample("a", "a-1"))
		require.NoError(t, err)
		client.Silence(true)
		events, err := client.Watch(within(t, time.Hour), "")
		require.NoError(t, err)
		synctest.Wait()
		select {
		case ev := <-events:
			require.Fail(t, "a silent watch speaks", "%+v", ev)
		default:
		}
		client.Silence(false)
		require.Equal(t, "a", (<-events).Snapshot.Holder)
	})
}

func TestClockIsTheBubbles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := locktest.Clock()
		require.Zero(t, now())
		time.Sleep(time.Hour)
		require.Equal(t, time.Hour, now())
	})
}

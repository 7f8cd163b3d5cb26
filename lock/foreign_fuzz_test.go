package lock_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// annotation is a lock that keeps its record as JSON, as client-go before 0.24
// did on a ConfigMap, and kooper before 2.0 with it.
type annotation struct {
	resourcelock.Interface // what is not below is not called

	text string
}

func (*annotation) Describe() string { return "annotation" }

func (a *annotation) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	r := new(resourcelock.LeaderElectionRecord)
	err := json.Unmarshal([]byte(a.text), r)
	return r, []byte(a.text), err
}

func (a *annotation) Update(_ context.Context, r resourcelock.LeaderElectionRecord) error {
	text, err := json.Marshal(r)
	a.text = string(text)
	return err
}

// FuzzForeign reads what client-go, kooper or a hand may have written, replaces
// it, and lets another edit it.
func FuzzForeign(f *testing.F) {
	const (
		kooper = `{"holderIdentity":"pod-1","leaseDurationSeconds":15,"acquireTime":"2026-01-02T03:04:05Z","renewTime":"2026-01-02T03:05:05Z","leaderTransitions":2}`
		gone   = `{"holderIdentity":"","leaseDurationSeconds":1,"acquireTime":"2026-01-02T03:04:05Z","renewTime":"2026-01-02T03:04:05Z","leaderTransitions":2}`
		huge   = `{"holderIdentity":"a","leaseDurationSeconds":9223372037,"acquireTime":null,"renewTime":"0001-01-01T00:00:00Z","leaderTransitions":4294967295}`
		low    = `{"holderIdentity":"a","leaseDurationSeconds":-9223372037,"leaderTransitions":-4294967295,"strategy":"OldestEmulationVersion"}`
	)
	f.Add(kooper, gone)
	f.Add(gone, kooper)
	f.Add(huge, low)
	f.Add(low, `{}`)
	f.Add(`{`, `null`)
	f.Fuzz(func(t *testing.T, text, edited string) {
		a := &annotation{text: text}
		l, err := lock.FromResourceLock(a)
		require.NoError(t, err)
		raw, _, err := a.Get(t.Context())
		got, failed := l.Read(t.Context())
		if err != nil {
			require.ErrorContains(t, failed, err.Error())
			return
		}
		require.NoError(t, failed)
		requireForeign(t, *raw, got)

		next := locktest.Sample("regent", "r-1")
		stored, err := l.Swap(t.Context(), got, next)
		require.NoError(t, err)
		require.Equal(t, stored.Version, read(t, l).Version)
		require.Equal(t, next.Duration, stored.Duration)

		a.text = edited
		other, _, err := a.Get(t.Context())
		if err != nil {
			return
		}
		again := read(t, l)
		requireForeign(t, *other, again)
		same := raw.HolderIdentity == other.HolderIdentity && raw.LeaseDurationSeconds == other.LeaseDurationSeconds &&
			raw.LeaderTransitions == other.LeaderTransitions && raw.AcquireTime.Unix() == other.AcquireTime.Unix() && raw.RenewTime.Unix() == other.RenewTime.Unix()
		require.Equal(t, same, got.Version == again.Version)
		if again.Version != stored.Version {
			_, err = l.Swap(t.Context(), stored, next)
			require.ErrorIs(t, err, lock.ErrConflict)
			require.Equal(t, edited, a.text)
		}
	})
}

// requireForeign requires that a record was understood: never as shorter or
// older than it says, and as released only in client-go's form.
func requireForeign(t *testing.T, raw resourcelock.LeaderElectionRecord, got lock.Snapshot) {
	t.Helper()
	require.NoError(t, got.Problem)
	require.False(t, got.Sealed)
	require.Equal(t, raw.HolderIdentity, got.Holder)
	require.Equal(t, min(max(int64(raw.LeaseDurationSeconds), -1<<31), 1<<31-1), int64(got.Duration/time.Second))
	require.Equal(t, min(max(int64(raw.LeaderTransitions), -1<<31), 1<<31-1), int64(got.Transitions))
	require.Equal(t, uint64(max(got.Transitions, 0)), got.Token)
	released := raw.HolderIdentity == "" && raw.LeaseDurationSeconds == 1 && !raw.RenewTime.IsZero() && raw.AcquireTime.Time.Equal(raw.RenewTime.Time)
	require.Equal(t, released, got.Released())
}

// A duration that overflowed would be over before it began.
func TestForeignNumbersThatNoLeaseHolds(t *testing.T) {
	t.Parallel()
	l, err := lock.FromResourceLock(&annotation{text: `{"holderIdentity":"a","leaseDurationSeconds":9223372037,"leaderTransitions":4294967297}`})
	require.NoError(t, err)
	got := read(t, l)
	require.Equal(t, (1<<31-1)*time.Second, got.Duration)
	require.Equal(t, int32(1<<31-1), got.Transitions)
	require.Equal(t, uint64(1<<31-1), got.Token)
}

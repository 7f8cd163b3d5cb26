package lock_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/regent-ha/regent/lock"
)

func TestWatchAsksForOneLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, m := newLock(t)
		seen := make(map[int64]bool)
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := l.Watch(ctx, "41")
			require.NoError(t, err)
			cancel()
			require.Equal(t, "metadata.name=lock", m.options.FieldSelector)
			require.Equal(t, "41", m.options.ResourceVersion)
			require.True(t, m.options.AllowWatchBookmarks)
			require.GreaterOrEqual(t, *m.options.TimeoutSeconds, int64(300))
			require.LessOrEqual(t, *m.options.TimeoutSeconds, int64(600))
			seen[*m.options.TimeoutSeconds] = true
		}
		require.Greater(t, len(seen), 10, "a fleet's watches do not restart at once")
	})
}

func TestWatchEvents(t *testing.T) {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{UID: "u", ResourceVersion: "42"}, Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr("a")}}
	expired := apierrors.NewResourceExpired("too old").Status()
	for name, tc := range map[string]struct {
		raw   watch.Event
		check func(*testing.T, lock.Event)
		last  bool
	}{
		"added": {watch.Event{Type: watch.Added, Object: lease}, func(t *testing.T, e lock.Event) {
			require.Equal(t, "a", e.Snapshot.Holder)
			require.Equal(t, "42", e.Snapshot.Version)
			require.Equal(t, "u", e.Snapshot.UID)
		}, false},
		"deleted": {watch.Event{Type: watch.Deleted, Object: lease}, func(t *testing.T, e lock.Event) {
			require.True(t, e.Deleted)
			require.Equal(t, "u", e.Snapshot.UID)
		}, false},
		"bookmark": {watch.Event{Type: watch.Bookmark, Object: lease}, func(t *testing.T, e lock.Event) {
			require.Equal(t, lock.Event{Bookmark: true, Snapshot: lock.Snapshot{Version: "42"}}, e)
		}, false},
		"expired": {watch.Event{Type: watch.Error, Object: &expired}, func(t *testing.T, e lock.Event) {
			require.ErrorIs(t, e.Err, lock.ErrExpired)
			require.ErrorContains(t, e.Err, "watch lease default/lock: ")
		}, true},
		"another kind": {watch.Event{Type: watch.Added, Object: &metav1.Status{}}, func(t *testing.T, e lock.Event) {
			require.ErrorContains(t, e.Err, "a *v1.Status came instead of a Lease")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, m := newLock(t)
				events, err := l.Watch(t.Context(), "41")
				require.NoError(t, err)
				go m.events.Action(tc.raw.Type, tc.raw.Object)
				tc.check(t, <-events)
				if !tc.last {
					m.events.Stop()
				}
				_, ok := <-events
				require.False(t, ok)
				require.True(t, m.events.IsStopped())
			})
		})
	}
}

func TestWatchThatNobodyReadsEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine stays
		l, m := newLock(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := l.Watch(ctx, "41")
		require.NoError(t, err)
		m.events.Add(&coordinationv1.Lease{})
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.True(t, m.events.IsStopped())
	})
}

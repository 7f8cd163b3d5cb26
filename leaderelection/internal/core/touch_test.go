package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// joint is what was released together with another lock.
func joint(token uint64) lock.Record {
	r := released(token)
	r.Joint = true
	return r
}

// touches returns the write that changes nothing, over what is stored.
func touches(t *testing.T, out []core.Action) core.Write {
	t.Helper()
	w := only[core.Write](t, out)
	require.Equal(t, core.WriteTouch, w.Kind)
	require.NotEqual(t, w.Old.Touched, w.Record.Touched, "a write that changes nothing has no version")
	same := w.Record
	same.Touched = w.Old.Touched
	require.Equal(t, w.Old.Record, same)
	return w
}

// The other lock may have a higher token: one that comes of a resourceVersion
// of now exceeds it.
func TestTokenExceedsThoseOfALockThatIsNotSeen(t *testing.T) {
	s := newScript(t)
	touch := touches(t, s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, joint(3))}))
	acquire := only[core.Write](t, s.step(answer(touch, "u", 50)))
	require.Equal(t, core.WriteAcquire, acquire.Kind)
	require.EqualValues(t, 51, acquire.Record.Token)
	require.False(t, acquire.Record.Joint)
	require.EqualValues(t, 51, only[core.StartTerm](t, s.step(answer(acquire, "u", 52))).Token)
}

// Of two that touch it the later version is as good.
func TestATouchByAnotherIsAsGood(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, joint(3))})
	watch := only[core.Watch](t, out)
	reply := answer(touches(t, out), "u", 50)
	s.noWrite(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: reply.Snapshot}}) // the watch is faster
	s.noWrite(core.WatchEvent{ID: watch.ID, Event: lock.Event{Snapshot: stored("u", 60, joint(3))}})
	acquire := only[core.Write](t, s.step(reply))
	require.Equal(t, core.WriteAcquire, acquire.Kind)
	require.EqualValues(t, 61, acquire.Record.Token)
}

// A touch that is not answered is sent again, a RetryPeriod later.
func TestATouchIsRepeated(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, joint(3))})
	lost := touches(t, out)
	s.noWrite(core.WatchEvent{ID: only[core.Watch](t, out).ID, Event: lock.Event{Snapshot: answer(lost, "u", 50).Snapshot}})
	again := touches(t, s.wait(2*time.Second))
	require.EqualValues(t, 50, again.Old.Revision())
	require.Equal(t, core.WriteAcquire, only[core.Write](t, s.step(answer(again, "u", 70))).Kind)
}

// It is for what was last held together only.
func TestATouchIsForOneRecord(t *testing.T) {
	s := newScript(t)
	out := s.step(core.ReadReply{ID: 1, Snapshot: stored("u", 10, joint(3))})
	acquire := only[core.Write](t, s.step(answer(touches(t, out), "u", 50)))
	require.Equal(t, core.WriteAcquire, acquire.Kind)
	later := joint(60)
	later.Nonce = "y-1"
	touches(t, s.step(core.WatchEvent{ID: only[core.Watch](t, out).ID, Event: lock.Event{Snapshot: stored("u", 70, later)}}))
}

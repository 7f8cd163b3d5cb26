package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
)

// flap lets an endpoint go bad and well again, n times, every 5 s.
func flap(s *patient, n int) {
	for range n {
		s.set(errSick)
		time.Sleep(2500 * time.Millisecond)
		s.set(nil)
		time.Sleep(2500 * time.Millisecond)
	}
}

// The fourth fall in 20 s holds it for 35 s, as the formula says.
func TestFlappingIsHeldDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		s := &patient{}
		p := run(t, log.config(), target(1, s), target(2, &patient{}))
		time.Sleep(2 * time.Second)
		log.take()
		flap(s, 3)
		require.Equal(t, []string{"10.0.0.1:80 down", "10.0.0.1:80 up", "10.0.0.1:80 down", "10.0.0.1:80 up", "10.0.0.1:80 down", "10.0.0.1:80 up"}, log.take())
		require.False(t, p.Status().Targets[0].Held)
		flap(s, 1)
		require.Equal(t, []string{"10.0.0.1:80 down"}, log.take())
		held := p.Status().Targets[0]
		require.True(t, held.Held)
		require.Equal(t, probe.Down, held.State)
		require.Empty(t, held.LastError, "its checks are good")
		hold := held.HeldUntil.Sub(held.Since)
		require.InDelta(t, 35*time.Second, hold, float64(time.Second))

		time.Sleep(time.Until(held.HeldUntil) - time.Millisecond)
		require.Empty(t, log.take())
		time.Sleep(time.Second + time.Millisecond)
		require.Equal(t, []string{"10.0.0.1:80 up"}, log.take(), "with the first good check after")
		require.True(t, log.targets[len(log.targets)-1].Released)
		require.False(t, p.Status().Targets[0].Held)
	})
}

// What flaps on is held as long as that, and the hold grows to a minute and no
// further.
func TestHoldGrowsToACap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		s := &patient{}
		p := run(t, log.config(), target(1, s), target(2, &patient{}))
		time.Sleep(2 * time.Second)
		flap(s, 4)
		log.take()
		var holds []time.Duration
		for range 20 {
			flap(s, 1)
			// The last fall was in the last 5 s.
			holds = append(holds, time.Until(p.Status().Targets[0].HeldUntil))
			require.Empty(t, log.take())
		}
		require.Greater(t, holds[1], holds[0])
		require.InDelta(t, time.Minute-3*time.Second, holds[19], float64(2*time.Second))
		time.Sleep(time.Minute)
		require.Equal(t, []string{"10.0.0.1:80 up"}, log.take())
		time.Sleep(time.Hour)
		require.Empty(t, log.take())
	})
}

// A bad endpoint is better than none: nothing is held where it is all there is,
// and what is held is let go when the last other goes down.
func TestTheLastIsNotHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		alone := &patient{}
		p := run(t, log.config(), target(1, alone))
		time.Sleep(2 * time.Second)
		flap(alone, 10)
		require.Equal(t, 21, only(t, p).Changes)
	})
	synctest.Test(t, func(t *testing.T) {
		var log told
		flapping, other := &patient{}, &patient{}
		p := run(t, log.config(), target(1, flapping), target(2, other))
		time.Sleep(2 * time.Second)
		flap(flapping, 5)
		require.True(t, p.Status().Targets[0].Held)
		log.take()
		other.set(errSick)
		time.Sleep(3 * time.Second)
		require.Equal(t, []string{"10.0.0.2:80 down", "10.0.0.1:80 up"}, log.take(), "and not all down")
	})
}

func TestDampingOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log told
		cfg := log.config()
		cfg.Damping.Off = true
		s := &patient{}
		p := run(t, cfg, target(1, s), target(2, &patient{}))
		time.Sleep(2 * time.Second)
		flap(s, 10)
		require.Equal(t, 21, p.Status().Targets[0].Changes)
		require.Zero(t, p.Status().Targets[0].Penalty)
	})
}

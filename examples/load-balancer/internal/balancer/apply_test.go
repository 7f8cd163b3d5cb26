package balancer_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
)

// Nothing is forwarded before there is a verdict on each endpoint; then all is,
// at once.
func TestFirstApplyWaitsForVerdicts(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2", "10.0.0.3"), func(s *stage) { s.fall(errSick, "10.0.0.2:80") }, func(t *testing.T, s *stage) {
		wait(900 * time.Millisecond)
		require.Empty(t, s.forwarder.Applied(), "the one that is sick is unknown")
		require.ErrorContains(t, s.Ready(), "nothing is forwarded yet: the endpoints are probed first")
		require.Equal(t, 1, s.Report().File.Waiting)
		wait(2 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80 down", "10.0.0.3:80"}, s.endpoints())
		require.Len(t, s.forwarder.Applied(), 1)
		require.NoError(t, s.Ready())
		require.True(t, s.Report().Ready)
	})
}

// Probes that take their time do not hold up the others for ever.
func TestFirstApplyDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	file := service("10.0.0.1", "10.0.0.2") + "  probe: {type: tcp, interval: 1m, timeout: 50s, noticeWithin: 10m}\n"
	play(t, file, func(s *stage) { s.slow = time.Hour }, func(t *testing.T, s *stage) {
		wait(9 * time.Second)
		require.Empty(t, s.forwarder.Applied())
		wait(2 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80 down", "10.0.0.2:80 down"}, s.endpoints())
		require.Contains(t, s.log.String(), "there is no verdict yet on all endpoints")
		require.Equal(t, balancer.Unknown, s.Report().Services[0].Endpoints[0].Health)
	})
}

func TestDeadEndpointIsAppliedInTime(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2"), nil, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, s.endpoints())
		s.fall(errSick, "10.0.0.1:80")
		wait(3 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80 down", "10.0.0.2:80"}, s.endpoints())
		e := s.Report().Services[0].Endpoints[0]
		require.Equal(t, balancer.Down, e.Health)
		require.Equal(t, "sick", e.Reason)
		s.fall(nil, "10.0.0.1:80")
		wait(3 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, s.endpoints())
	})
}

// What comes together is applied at once.
func TestManyVerdictsAreOneApply(t *testing.T) {
	t.Parallel()
	var names, addresses []string
	for i := range 200 {
		addresses = append(addresses, fmt.Sprintf("10.0.1.%d", i+1))
		names = append(names, addresses[i]+":80")
	}
	file := service(addresses...) + "  probe: {type: tcp, interval: 1s, timeout: 700ms, fall: 1}\n"
	play(t, file, nil, func(t *testing.T, s *stage) {
		wait(5 * time.Second)
		require.Len(t, s.forwarder.Applied(), 1)
		s.fall(errSick, names...)
		wait(5 * time.Second)
		n := len(s.forwarder.Applied()) - 1
		require.LessOrEqual(t, n, 24, "verdicts come within 1.1 s, and 50 ms of them are one")
		require.Contains(t, s.log.String(), "all endpoints are down")
		r := s.Report().Services[0]
		require.Equal(t, 200, r.Down)
		require.Zero(t, r.Serving)
	})
}

// A planned change takes its time. An endpoint that dies meanwhile does not wait
// for it.
func TestDeathInterruptsApply(t *testing.T) {
	t.Parallel()
	var interrupted atomic.Int64
	play(t, service("10.0.0.1", "10.0.0.2"), func(s *stage) {
		s.forwarder.ApplyFunc = func(ctx context.Context, cfg dataplane.Config) error {
			if cfg.Services[0].Endpoints[0].Weight != 7 || cfg.Services[0].Endpoints[1].Down {
				return nil
			}
			<-ctx.Done() // as if it took for ever
			interrupted.Add(1)
			return ctx.Err()
		}
	}, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, service("10.0.0.1 weight 7", "10.0.0.2"))
		wait(3 * time.Second)
		require.Len(t, s.forwarder.Applied(), 1)
		require.False(t, s.Report().Apply.Running.IsZero())
		s.fall(errSick, "10.0.0.2:80")
		wait(3 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80 weight 7", "10.0.0.2:80 down"}, s.endpoints())
		require.EqualValues(t, 1, interrupted.Load())
		require.Empty(t, s.Report().Apply.Error)
	})
}

func TestWhatCannotBeAppliedIsTriedAgain(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	var tries atomic.Int64
	play(t, service("10.0.0.1"), func(s *stage) {
		s.forwarder.ApplyFunc = func(context.Context, dataplane.Config) error {
			tries.Add(1)
			if well.Load() {
				return nil
			}
			return errors.New("192.0.2.1:80/TCP: no room")
		}
	}, func(t *testing.T, s *stage) {
		wait(10 * time.Second)
		require.EqualValues(t, 4, tries.Load(), "pauses of 1, 2, 4, 8 s")
		require.ErrorContains(t, s.Ready(), "nothing is forwarded: 192.0.2.1:80/TCP: no room")
		r := s.Report()
		require.Equal(t, "192.0.2.1:80/TCP: no room", r.Apply.Error)
		require.False(t, r.Apply.FailingSince.IsZero())
		well.Store(true)
		wait(10 * time.Second)
		require.Equal(t, []string{"10.0.0.1:80"}, s.endpoints())
		require.EqualValues(t, 5, tries.Load())
		require.NoError(t, s.Ready())
		require.Empty(t, s.Report().Apply.Error)
	})
}

func TestNotReadyWithoutInterfaces(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	play(t, service("10.0.0.1"), func(s *stage) {
		s.forwarder.StatusFunc = func(status *dataplane.Status) error {
			if gone.Load() {
				return errors.New("gone")
			}
			status.Interfaces = []dataplane.InterfaceStatus{{Name: "eth0", Err: errors.New("no such device")}}
			return nil
		}
	}, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		require.ErrorContains(t, s.Ready(), "attached to no network interface; mend: see interfaces")
		gone.Store(true)
		wait(3 * time.Second)
		require.ErrorContains(t, s.Ready(), "the forwarder does not tell its status: gone")
		require.Equal(t, "no such device", s.Report().Interfaces[0].Error, "what was last known")
	})
}

func TestLead(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1"), nil, func(t *testing.T, s *stage) {
		require.False(t, s.Report().Leads)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Lead(ctx) }()
		wait(time.Second)
		require.False(t, s.Report().Leads, "not without a term")
		cancel()
		require.NoError(t, <-ended)
	})
}

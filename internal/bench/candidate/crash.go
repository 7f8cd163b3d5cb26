package candidate

import (
	"context"
	"math/rand/v2"
	"time"
)

// Crash cuts the leader off at a random moment, so that it vanishes without a
// word, and returns how long after the expiry of its lease the next one's work
// starts. The expiry is counted from when its last renewal was sent, which is
// before it was committed: the next one is not as late as this says, by the
// time that half a request takes. With spare another replica takes its place.
// Settle comes before it.
func (s *Set) Crash(ctx context.Context, spare *Client) (late time.Duration, err error) {
	former, settled := s.leader.by, time.Now()
	link := former.client.Link
	// All have to have seen a renewal, else they count from when they came.
	for !link.Renewed().After(settled) && !s.lost() {
		if err := sleep(ctx, poll); err != nil {
			return 0, err
		}
	}
	if err := Pause(ctx, former.client.Kind.renewal(s.cfg.Timings)); err != nil {
		return 0, err
	}
	if s.leader.by != former || s.lost() {
		return 0, ErrLost
	}
	link.Cut()
	if err := s.next(ctx); err != nil {
		return 0, err
	}
	late = s.leader.started.Sub(link.Renewed().Add(s.cfg.Lease))
	s.leave(former)
	return late, s.Join(spare)
}

// Pause waits for a random time below most.
func Pause(ctx context.Context, most time.Duration) error {
	return sleep(ctx, rand.N(max(most, 1)))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

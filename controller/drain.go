package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

const (
	// lossGrace is how long after a loss handlers may take to return before
	// that is reported. At the default timings of an election others may lead
	// 4 s after it.
	lossGrace = time.Second
	// overrunLogInterval is how often those that still run are reported again.
	overrunLogInterval = 10 * time.Second
)

// drain waits until all workers have returned, and ends the handlers' context
// when they may go on no longer. ctx, the term's, has ended.
func (t *term) drain(ctx context.Context, granted *leaderelection.Term, cancel context.CancelCauseFunc) {
	start := time.Now()
	cause := context.Cause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.workers.Wait()
	}()
	overran := 0
	if graceful(cause) && t.cfg.DrainTimeout > 0 {
		if err := t.allow(done, granted, cause); err != nil {
			cause = err
		}
		if errors.Is(cause, ErrDrainTimeout) {
			overran = t.reportOverrun(start, cause)
		}
	}
	cancel(cause)
	overran = t.await(done, start, overran, cause)

	t.mu.Lock()
	drained := t.drained
	t.mu.Unlock()
	took := time.Since(start)
	t.metrics.Drained(t.cfg.Name, drained, took)
	t.logger.Info("term ended: handlers drained", "reason", cause, "handlers", drained, "overran", overran,
		"took", took, "left_in_queue", t.queue.Len()+t.unqueued)
}

// graceful reports whether handlers may finish after an end with this cause:
// the leadership is kept until they have.
func graceful(cause error) bool {
	return errors.Is(cause, leaderelection.ErrShutdown) || errors.Is(cause, leaderelection.ErrSteppedDown)
}

// allow lets handlers go on while they may. It returns nil when all have
// returned, otherwise the reason to cancel them.
func (t *term) allow(done <-chan struct{}, granted *leaderelection.Term, cause error) error {
	timeout := time.NewTimer(t.cfg.DrainTimeout)
	defer timeout.Stop()
	var ended <-chan struct{}
	if granted != nil {
		ended = granted.Done()
	}
	select {
	case <-done:
		return nil
	case <-ended:
		return fmt.Errorf("controller: %w: %w", errTermEnded, cause)
	case <-timeout.C:
		return fmt.Errorf("controller: %w: %w", ErrDrainTimeout, cause)
	}
}

// await waits for the workers, and reports at intervals the handlers that are
// not back. overran is how many have been reported already.
func (t *term) await(done <-chan struct{}, start time.Time, overran int, cause error) int {
	report := time.NewTimer(lossGrace)
	if overran > 0 {
		report.Reset(overrunLogInterval)
	}
	defer report.Stop()
	for {
		select {
		case <-done:
			return overran
		case <-report.C:
		}
		report.Reset(overrunLogInterval)
		if n := t.reportOverrun(start, cause); overran == 0 {
			overran = n
		}
	}
}

// reportOverrun says which handlers should be back, and counts them.
func (t *term) reportOverrun(start time.Time, cause error) int {
	keys, longest := t.inFlight()
	if len(keys) == 0 {
		return 0
	}
	t.overrun.Do(func() { t.metrics.Overran(t.cfg.Name, len(keys)) })
	t.logger.Warn("drain overran: handlers run on, their context is cancelled; the leadership is kept if it can be",
		"reason", cause, "keys", keys, "drain_took", time.Since(start), "longest_call", longest)
	return len(keys)
}

// inFlight returns the keys whose handlers run, and for how long the longest
// has.
func (t *term) inFlight() (keys []string, longest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, since := range t.running {
		keys = append(keys, key)
		longest = max(longest, time.Since(since))
	}
	slices.Sort(keys)
	return keys, longest
}

package sim

import (
	"sync"
	"time"
)

// clock is one process's: it runs fast or slow, and whoever asks a process that
// is stopped for the time gets no answer before it goes on. That stops the
// process: an Elector does nothing without a look at the clock.
type clock struct {
	play *play
	rate float64
	dice dice

	mu     sync.Mutex    // guards the fields below
	until  time.Duration // when it goes on; in the past: it runs
	spread time.Duration // timers that were due meanwhile come so late at most
}

// Now is a time that never goes back, and blocks while the process is stopped.
func (c *clock) Now() time.Duration {
	c.hold()
	return c.read()
}

// read is what it shows, also of a process that is stopped.
func (c *clock) read() time.Duration { return time.Duration(float64(c.play.now()) * c.rate) }

// hold returns when the process runs.
func (c *clock) hold() {
	for {
		d := c.left()
		if d <= 0 {
			return
		}
		time.Sleep(c.play.moment(d))
	}
}

// left is how long one who asks now has to wait.
func (c *clock) left() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.until - c.play.now()
	if d > 0 {
		d += c.dice.upTo("clock", int(c.play.now()), c.spread)
	}
	return d
}

// stop stops the process for a while.
func (c *clock) stop(d, spread time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := c.play.now() + d; until > c.until {
		c.until, c.spread = until, max(spread, c.spread)
	}
}

// stopped reports whether the process is, or was just now: its timers may not
// have come yet.
func (c *clock) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until > 0 && c.play.now() <= c.until+c.spread
}

// ran is since when the process runs.
func (c *clock) ran() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.until+c.spread)
}

// awake is when what has arrived meanwhile reaches the process.
func (c *clock) awake() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.until + c.spread - c.play.now()
	return d + 1, d >= 0 && c.until > 0
}

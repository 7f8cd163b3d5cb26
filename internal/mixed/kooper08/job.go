package main

import (
	"sync/atomic"
	"time"
)

const (
	// handled selects the ConfigMaps that the controller handles.
	handled = "handled=true"
	// jobName is the one whose handler works until the process ends.
	jobName = "job"
	// tick is the time between two signs of work.
	tick = 5 * time.Millisecond
)

// job is the work of a leader: kooper gives a handler no context that would
// end with the leadership.
type job struct {
	journal *journal
	stop    <-chan struct{}
	begun   atomic.Bool
	ended   chan struct{}
}

// work says all the time that it works, until the process is to end.
func (j *job) work() {
	if !j.begun.CompareAndSwap(false, true) {
		return
	}
	defer close(j.ended)
	j.journal.write(leads)
	defer j.journal.write(drained)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-ticker.C:
			j.journal.write(works)
		}
	}
}

// join waits for the end of work that has begun.
func (j *job) join() {
	if j.begun.Load() {
		<-j.ended
	}
}

package controlplane

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// beat is the longest silence while something is being done.
const beat = 4 * time.Second

// Work tells a person what is being done and how far it is.
type Work struct {
	mu     sync.Mutex // guards the fields below
	w      io.Writer
	status func(elapsed time.Duration) string
	since  time.Time // of status
	last   time.Time // of a line
}

// startWork repeats the status on w after each silence of a beat, until stop.
func startWork(w io.Writer) (work *Work, stop func()) {
	if w == nil {
		w = io.Discard
	}
	now := time.Now()
	work = &Work{w: w, since: now, last: now}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(beat / 8)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				work.repeat()
			}
		}
	})
	return work, func() {
		close(done)
		wg.Wait()
	}
}

// Say writes one line.
func (w *Work) Say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line(fmt.Sprintf(format, args...))
}

// Now sets what is being done, without a line unless it takes long.
func (w *Work) Now(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.Status(func(elapsed time.Duration) string { return text + ": " + elapsed.String() + " so far" })
}

// Status sets the function that describes what is being done. It is called
// about every four seconds with the time, in whole seconds, since it was set,
// and must not call w.
func (w *Work) Status(status func(elapsed time.Duration) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.since = status, time.Now()
}

func (w *Work) repeat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status != nil && time.Since(w.last) >= beat {
		w.line(w.status(time.Since(w.since).Truncate(time.Second)))
	}
}

func (w *Work) line(text string) {
	w.last = time.Now()
	_, _ = fmt.Fprintf(w.w, "controlplane: %s\n", text)
}

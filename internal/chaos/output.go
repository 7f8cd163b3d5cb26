package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// output is what people see: a line for each thing, with the time.
type output struct {
	began time.Time

	mu sync.Mutex // guards the field below
	w  io.Writer
}

func (o *output) say(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = fmt.Fprintf(o.w, "%7.1fs  %s\n", time.Since(o.began).Seconds(), fmt.Sprintf(format, args...)) // nobody looks
}

// Write passes on the lines of others.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// output writes plain lines that begin with the time since the start.
type output struct {
	start time.Time

	mu   sync.Mutex // guards the fields below
	w    io.Writer
	part []byte // of a line, from Write
}

func newOutput(w io.Writer) *output { return &output{start: time.Now(), w: w} }

// say writes one line.
func (o *output) say(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line(fmt.Sprintf(format, args...))
}

// more writes a line that belongs to the one before.
func (o *output) more(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = fmt.Fprintf(o.w, "          "+format+"\n", args...)
}

// title begins a part.
func (o *output) title(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = fmt.Fprintf(o.w, "\n"+format+"\n", args...)
}

// Write takes the lines of others: of the control plane, of the go command.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.part = append(o.part, p...)
	for {
		line, rest, ok := bytes.Cut(o.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		o.line(string(line))
		o.part = rest
	}
}

func (o *output) line(text string) {
	_, _ = fmt.Fprintf(o.w, "%6.1f s  %s\n", time.Since(o.start).Seconds(), text)
}

// ms is a duration for people: milliseconds, with one digit below 10.
func ms(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// count is a number and its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

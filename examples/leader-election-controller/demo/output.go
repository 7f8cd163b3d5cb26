package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/regent-ha/regent/internal/journal"
)

const (
	width  = 80 // columns
	indent = 10 // of them for the time
	// silence is how long nothing may be said.
	silence = 3 * time.Second
)

// output writes plain lines that begin with the time since the start.
type output struct {
	start time.Duration // by journal.Now
	gone  func()        // called when nobody reads

	mu    sync.Mutex // guards the fields below
	w     io.Writer
	part  []byte        // of a line, from Write
	doing string        // what takes long
	last  time.Duration // when something was written
}

func newOutput(w io.Writer, gone func()) *output {
	return &output{start: journal.Now(), w: w, gone: gone}
}

// say writes a line, or several if it is long.
func (o *output) say(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.doing = ""
	o.line(fmt.Sprintf(format, args...))
}

// begin writes what is done next, and takes long.
func (o *output) begin(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.doing = fmt.Sprintf(format, args...)
	o.line(o.doing)
}

// title begins a part.
func (o *output) title(format string, args ...any) {
	o.print("\n" + strings.Join(wrap(fmt.Sprintf(format, args...), width), "\n"))
}

// print writes text as it is.
func (o *output) print(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(text)
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

// talk says what is being done whenever nothing else was said for a while,
// until the returned function is called.
func (o *output) talk() (stop func()) {
	tick := time.NewTicker(silence / 4)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
				o.remind()
			case <-ended:
				return
			}
		}
	}()
	return func() {
		tick.Stop()
		close(ended)
	}
}

func (o *output) remind() {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch quiet := journal.Now() - o.last; {
	case quiet > silence && o.doing != "":
		o.line("… still " + o.doing)
	case quiet > 2*silence:
		o.line("… still waiting")
	}
}

func (o *output) line(text string) {
	lines := wrap(text, width-indent)
	o.write(fmt.Sprintf("%7s  ", o.at(journal.Now())) + strings.Join(lines, "\n"+strings.Repeat(" ", indent)))
}

func (o *output) write(text string) {
	o.last = journal.Now()
	if _, err := fmt.Fprintln(o.w, text); err != nil {
		o.gone()
	}
}

// at is a moment, as lines begin with it.
func (o *output) at(moment time.Duration) string {
	return fmt.Sprintf("%.1f s", (moment - o.start).Seconds())
}

// wrap breaks text between words into lines that are no wider than it may be.
func wrap(text string, columns int) (lines []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for i, word := range strings.Split(paragraph, " ") {
			switch {
			case i == 0:
				line = word
			case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns:
				lines = append(lines, line)
				line = word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
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

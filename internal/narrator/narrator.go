// Package narrator tells people on a terminal what a demonstration does: plain
// lines that begin with the time since the start, and never a long silence.
package narrator

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
	// Width is how many columns a line has at most.
	Width  = 80
	indent = 10 // of them for the time
	// silence is how long nothing may be said.
	silence = 3 * time.Second
)

// Narrator writes plain lines that begin with the time since the start. Its
// methods may be called from several goroutines.
type Narrator struct {
	start time.Duration // by journal.Now
	gone  func()        // called when nobody reads

	mu    sync.Mutex // guards the fields below
	w     io.Writer
	part  []byte        // of a line, from Write
	doing string        // what takes long
	last  time.Duration // when something was written
}

// New returns a Narrator that starts now. gone is called when nobody reads.
func New(w io.Writer, gone func()) *Narrator {
	return &Narrator{start: journal.Now(), w: w, gone: gone}
}

// Say writes a line, or several if it is long.
func (n *Narrator) Say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.doing = ""
	n.line(fmt.Sprintf(format, args...))
}

// Begin writes what is done next, and takes long.
func (n *Narrator) Begin(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.doing = fmt.Sprintf(format, args...)
	n.line(n.doing)
}

// Title begins a part.
func (n *Narrator) Title(format string, args ...any) {
	n.Print("\n" + strings.Join(Wrap(fmt.Sprintf(format, args...), Width), "\n"))
}

// Print writes text as it is.
func (n *Narrator) Print(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.write(text)
}

// Write takes the lines of others: of the control plane, of the go command.
func (n *Narrator) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.part = append(n.part, p...)
	for {
		line, rest, ok := bytes.Cut(n.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		n.line(string(line))
		n.part = rest
	}
}

// Talk says what is being done whenever nothing else was said for a while,
// until the returned function is called.
func (n *Narrator) Talk() (stop func()) {
	tick := time.NewTicker(silence / 4)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
				n.remind()
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

func (n *Narrator) remind() {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch quiet := journal.Now() - n.last; {
	case quiet > silence && n.doing != "":
		n.line("… still " + n.doing)
	case quiet > 2*silence:
		n.line("… still waiting")
	}
}

func (n *Narrator) line(text string) {
	lines := Wrap(text, Width-indent)
	n.write(fmt.Sprintf("%7s  ", n.At(journal.Now())) + strings.Join(lines, "\n"+strings.Repeat(" ", indent)))
}

func (n *Narrator) write(text string) {
	n.last = journal.Now()
	if _, err := fmt.Fprintln(n.w, text); err != nil {
		n.gone()
	}
}

// At is a moment, as lines begin with it.
func (n *Narrator) At(moment time.Duration) string {
	return fmt.Sprintf("%.1f s", (moment - n.start).Seconds())
}

// Wrap breaks text between words into lines that are no wider than it may be.
func Wrap(text string, columns int) (lines []string) {
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

// Milliseconds is a duration for people: milliseconds, with one digit below 10.
func Milliseconds(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// Count is a number and its noun.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

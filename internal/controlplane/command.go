package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// command is one run of a program.
type command struct {
	dir  string   // default: the working directory
	env  []string // added to the environment
	path string
	args []string

	// line receives each line of standard error as it comes. Optional.
	line func(string)
}

// run returns the standard output. A cancelled ctx interrupts the program and
// what it started, so that it can clean up, and kills it five seconds later.
func run(ctx context.Context, c command) (string, error) {
	var stdout bytes.Buffer
	stderr := &lines{each: c.line}
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = &stdout, stderr
	cmd.SysProcAttr = procAttr()
	cmd.Cancel = func() error { return interruptGroup(cmd.Process) }
	cmd.WaitDelay = 5 * time.Second

	var err error
	onThread(func() { err = cmd.Run() })
	name := filepath.Base(c.path)
	switch {
	case ctx.Err() != nil:
		killGroup(cmd.Process) // what did not heed the interrupt
		return "", fmt.Errorf("%s: %w", name, context.Cause(ctx))
	case err != nil:
		return "", fmt.Errorf("%s %s: %w%s", name, firstArg(c.args), err, stderr.tail())
	}
	return stdout.String(), nil
}

func firstArg(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// onThread runs f on an operating-system thread that lives as long as f does:
// Linux ties the life of a child to the thread, not the process, that started
// it, and Go may end a thread when a goroutine that had locked it returns.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		f()
	}()
	<-done
}

// lines is a writer that hands on whole lines and keeps the last ones.
type lines struct {
	each func(string)

	mu   sync.Mutex // guards the fields below
	part []byte
	last []string
}

// kept is how many lines of output an error quotes.
const kept = 12

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.part = rest
		if l.last = append(l.last, string(line)); len(l.last) > kept {
			l.last = l.last[1:]
		}
		if l.each != nil {
			l.each(string(line))
		}
	}
}

// tail returns the last lines in a form that ends an error.
func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSpace(strings.Join(append(l.last[:len(l.last):len(l.last)], string(l.part)), "\n\t"))
	if text == "" {
		return ""
	}
	return "; it said:\n\t" + text
}

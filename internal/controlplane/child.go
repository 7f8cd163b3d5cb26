package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"time"
)

// stopGrace is how long a server may take to end before it is killed.
const stopGrace = 15 * time.Second

// child is a running server.
type child struct {
	name   string
	pid    int
	cmd    *exec.Cmd
	output *lines
	done   chan struct{} // closed when the process has ended
	err    error         // how it ended; to be read after done
}

// startChild starts a server, which outlives every context but not this process.
func startChild(name, path string, flags map[string][]string, log io.Writer) (*child, error) {
	c := &child{name: name, cmd: exec.Command(path, arguments(flags)...), output: &lines{}, done: make(chan struct{})}
	c.cmd.SysProcAttr = procAttr()
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output // the same writer: one pipe
	if log != nil {
		w := io.MultiWriter(c.output, log)
		c.cmd.Stdout, c.cmd.Stderr = w, w
	}
	started := make(chan error)
	go onThread(func() {
		if err := c.cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", name, err)
			return
		}
		c.pid = c.cmd.Process.Pid
		started <- nil
		c.err = c.cmd.Wait()
		close(c.done)
	})
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// arguments returns the flags in the order of their names.
func arguments(flags map[string][]string) []string {
	var args []string
	for _, name := range sortedKeys(flags) {
		for _, value := range flags[name] {
			args = append(args, "--"+name+"="+value)
		}
	}
	return args
}

// awaitOK polls urls, one after the other, until each has answered 200.
func (c *child) awaitOK(ctx context.Context, client *http.Client, urls ...string) error {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for _, url := range urls {
		for {
			err := get(ctx, client, url)
			if err == nil {
				break
			}
			select {
			case <-c.done:
				return fmt.Errorf("%s ended before it was ready: %w", c.name, c.fault())
			case <-ctx.Done():
				return fmt.Errorf("%s is not ready: %w; last answer: %w", c.name, context.Cause(ctx), err)
			case <-poll.C:
			}
		}
	}
	return nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// fault says how the process ended; to be called after done.
func (c *child) fault() error {
	return fmt.Errorf("%w%s", errors.Join(c.err, errEnded), c.output.tail())
}

var errEnded = errors.New("process ended")

func (c *child) running() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// stop ends the process, also one that a test has stopped or killed, and
// returns when it has gone.
func (c *child) stop() error {
	if !c.running() {
		return nil
	}
	if err := terminate(c.cmd.Process); err != nil && c.running() {
		return errors.Join(fmt.Errorf("end %s: %w", c.name, err), c.cmd.Process.Kill())
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(stopGrace):
	}
	err := fmt.Errorf("%s did not end in %v and was killed", c.name, stopGrace)
	err = errors.Join(err, c.cmd.Process.Kill())
	<-c.done
	return err
}

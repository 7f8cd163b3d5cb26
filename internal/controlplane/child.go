package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// child is a running server.
type child struct {
	name   string
	pid    int
	cmd    *exec.Cmd
	output *lines
	done   chan struct{} // closed when the process has ended
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
		_ = c.cmd.Wait() // fault reads how it ended
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
	output := c.output.tail()
	if strings.Contains(output, "address already in use") {
		return fmt.Errorf("%w%s", errPortTaken, output)
	}
	return fmt.Errorf("%v%s", c.cmd.ProcessState, output)
}

// errPortTaken is mended by other ports.
var errPortTaken = errors.New("another process took its port")

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

// stop ends the process, also one that a test has suspended or killed, and
// returns when it has gone. It has the grace to end by itself.
func (c *child) stop(grace time.Duration) error {
	if !c.running() {
		return nil
	}
	if grace > 0 {
		_ = terminate(c.cmd.Process)
		select {
		case <-c.done:
			return nil
		case <-time.After(grace):
		}
	}
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", c.name, err)
	}
	<-c.done
	return nil
}

package fleet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// Process is a replica: a program that writes a journal to standard output.
// It does not outlive this one.
type Process struct {
	Name string

	cmd     *exec.Cmd
	started time.Time
	told    atomic.Bool   // to end
	ended   chan struct{} // closed when it has gone and its journal is read
	err     error         // how it ended; to be read after ended
}

// start starts cmd and hands each line of its journal to each.
func start(name string, cmd *exec.Cmd, each func(journal.Line)) (*Process, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = in
	cmd.SysProcAttr = attributes()
	p := &Process{Name: name, cmd: cmd, started: time.Now(), ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux ties the life of a child to the thread that started it, so
		// this one must live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = in.Close() // the child has it
		started <- err
		if err != nil {
			_ = out.Close()
			return
		}
		p.err = p.wait(out, each)
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

func (p *Process) wait(out io.ReadCloser, each func(journal.Line)) error {
	readErr := journal.Read(out, each)
	_ = out.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return readErr
}

// result is how it ended, in words.
func (p *Process) result() error {
	if p.err == nil {
		return errors.New("exit code 0")
	}
	return p.err
}

// exit waits for the end of a replica that was told to, and wants exit code 0.
func (p *Process) exit(within time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-time.After(within):
		return fmt.Errorf("%s has not ended %v after SIGTERM", p.Name, within)
	}
}

// PID is its number, also after it has ended.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Terminate asks it to end, as a kubelet does.
func (p *Process) Terminate() error {
	p.told.Store(true)
	return p.signal(syscall.SIGTERM)
}

// kill ends it, also while it is stopped, and waits until it has gone.
func (p *Process) kill() error {
	p.told.Store(true)
	err := p.signal(syscall.SIGKILL)
	<-p.ended
	return err
}

func (p *Process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("%v to %s: %w", s, p.Name, err)
	}
	return nil
}

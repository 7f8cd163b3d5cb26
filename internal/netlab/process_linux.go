package netlab

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Process runs in a namespace of a lab. It does not outlive the lab, nor this
// process.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has gone
	err   error         // how it ended; to be read after ended
}

// Start starts cmd in the namespace, with the files of this one: unlike "ip netns
// exec", which hides /sys/fs/bpf.
func (n *Namespace) Start(cmd *exec.Cmd) (*Process, error) {
	// A Ctrl-C reaches this process alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Pdeathsig ties the child to the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := n.Do(cmd.Start)
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("netlab: %s: start %s: %w", n.Name, cmd.Path, err)
	}
	n.lab.mu.Lock()
	defer n.lab.mu.Unlock()
	n.lab.processes = append(n.lab.processes, p)
	return p, nil
}

// Ended is closed when the process has gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits until it has gone, and says how it ended.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends it one.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends it, and waits until it has gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended itself
	<-p.ended
}

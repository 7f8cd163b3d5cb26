package fleet

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes give a child its own process group, so that a Ctrl-C reaches this
// process alone, which then ends the child; and they end it with this process,
// however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// pause stops the process in the middle of whatever it does, as a virtual
// machine that is paused or a node that swaps. It returns when the last of its
// threads has stopped: the signal alone lets those on other processors run on
// for a moment.
func (p *Process) pause() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait until %s is stopped: %w", p.Name, err)
		}
		return nil
	}
}

// Resume lets it go on.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

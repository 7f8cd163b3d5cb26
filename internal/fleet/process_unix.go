//go:build unix && !linux

package fleet

import "syscall"

// attributes give a child its own process group, so that a Ctrl-C reaches this
// process alone, which then ends the child.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// pause stops the process in the middle of whatever it does, as a virtual
// machine that is paused or a node that swaps.
func (p *Process) pause() error { return p.signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

//go:build unix

package fleet

import "syscall"

// pause stops the process in the middle of whatever it does, as a virtual
// machine that is paused or a node that swaps.
func (p *Process) pause() error { return p.signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

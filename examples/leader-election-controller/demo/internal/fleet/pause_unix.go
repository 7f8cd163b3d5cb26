//go:build unix

package main

import "syscall"

// pause stops the process in the middle of whatever it does, as a virtual
// machine that is paused or a node that swaps; resume lets it go on.
func (p *process) pause() error  { return p.signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }

package controlplane

import "syscall"

// procAttr gives a child its own process group, so that a Ctrl-C at a terminal
// reaches this process alone, and ends the child when this process dies.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

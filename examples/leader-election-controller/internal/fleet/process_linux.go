package fleet

import "syscall"

// attributes give a child its own process group, so that a Ctrl-C reaches this
// process alone, which then ends the child; and they end it with this process,
// however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

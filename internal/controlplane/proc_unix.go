//go:build unix && !linux

package controlplane

import "syscall"

// procAttr gives a child its own process group, so that a Ctrl-C at a terminal
// reaches this process alone.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

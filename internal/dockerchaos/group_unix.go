//go:build unix

package dockerchaos

import "syscall"

// apart gives a child its own process group, so that a Ctrl-C reaches this
// process alone, which then removes what it has made.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

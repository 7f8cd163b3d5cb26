//go:build !unix

package dockerchaos

import "syscall"

func apart() *syscall.SysProcAttr { return nil }

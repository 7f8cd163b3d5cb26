//go:build !unix

package controlplane

import (
	"os"
	"syscall"
)

func procAttr() *syscall.SysProcAttr { return nil }

func interruptGroup(p *os.Process) error { return p.Kill() }

func killGroup(*os.Process) {}

func terminate(p *os.Process) error { return p.Kill() }

//go:build !unix

package main

import (
	"errors"
	"fmt"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func (p *process) pause() error {
	return fmt.Errorf("stop %s: %w: needs the signals of a Unix system", p.name, errors.ErrUnsupported)
}

func (p *process) resume() error {
	return fmt.Errorf("continue %s: %w: needs the signals of a Unix system", p.name, errors.ErrUnsupported)
}

//go:build !unix

package fleet

import (
	"errors"
	"fmt"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func (p *Process) pause() error {
	return fmt.Errorf("stop %s: %w: needs the signals of a Unix system", p.Name, errors.ErrUnsupported)
}

// Resume needs SIGCONT.
func (p *Process) Resume() error {
	return fmt.Errorf("continue %s: %w: needs the signals of a Unix system", p.Name, errors.ErrUnsupported)
}

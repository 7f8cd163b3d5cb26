//go:build !linux

package leaderelection

import (
	"errors"
	"fmt"
	"runtime"
)

// checkStateDir: only Linux is known to have what a state directory rests on.
func checkStateDir(dir string) error {
	return fmt.Errorf("%w (%w)", &FieldError{
		Field: "StateDir", Value: fmt.Sprintf("%q", dir), Bound: "is for Linux only, and this is " + runtime.GOOS, Mend: "leave it empty",
	}, errors.ErrUnsupported)
}

// systemFiles has no implementation here, and no constructor lets it be used.
type systemFiles struct{}

// Lock implements [StateFiles].
func (systemFiles) Lock(string) (StateLock, error) { return nil, errors.ErrUnsupported }

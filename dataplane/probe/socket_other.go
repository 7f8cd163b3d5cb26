//go:build !linux

package probe

import (
	"errors"
	"fmt"
)

const canHalfOpen = false

// answerBuffer holds any answer: Windows makes an error of one that is cut.
const answerBuffer = 1 << 16

func bindToInterface(_ uintptr, name string) error {
	return fmt.Errorf("interface %s: only Linux binds sockets to interfaces; mend: set Source instead: %w", name, errors.ErrUnsupported)
}

func holdAck(uintptr) error { return errors.ErrUnsupported }

//go:build !linux

package server

import (
	"errors"
	"fmt"
	"time"
)

// CPU is not known here.
func CPU(int) (time.Duration, error) {
	return 0, fmt.Errorf("processor time of another process: %w", errors.ErrUnsupported)
}

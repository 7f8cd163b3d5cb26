//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
)

func run(context.Context, options) error {
	return fmt.Errorf("XDP is Linux's: %w", errors.ErrUnsupported)
}

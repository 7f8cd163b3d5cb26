//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/regent-ha/regent/internal/narrator"
)

func run(context.Context, *narrator.Narrator, options) error {
	return fmt.Errorf("network namespaces: %w: needs Linux", errors.ErrUnsupported)
}

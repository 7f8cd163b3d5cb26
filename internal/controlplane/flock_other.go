//go:build !darwin && !linux && !freebsd && !netbsd && !openbsd

package controlplane

import (
	"errors"
	"fmt"
	"os"
)

func tryLock(*os.File) (bool, error) {
	return false, fmt.Errorf("file locks: %w; set %s instead", errors.ErrUnsupported, EnvAssets)
}

//go:build !linux && !darwin

package probe

import (
	"errors"
	"fmt"
	"net"
)

func pingSocket(Destination) (net.Conn, error) {
	return nil, fmt.Errorf("ping socket: %w", errors.ErrUnsupported)
}

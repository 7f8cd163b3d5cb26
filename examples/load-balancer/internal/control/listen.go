package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// dialTimeout is how long to wait for a process that listens to take a
// connection.
const dialTimeout = 2 * time.Second

// listen makes a socket at path that its owner alone can use. One that is left
// over is replaced, one at which somebody listens is not.
func listen(ctx context.Context, path string) (net.Listener, error) {
	fail := func(err error, mend string) error { return fmt.Errorf("socket %s: %w; mend: %s", path, err, mend) }
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fail(err, "another path in the file, or a directory that this user can write to")
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return nil, fail(errors.New("is there, and is no socket"), "another path in the file, or remove it")
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	if conn, err := dialer.DialContext(ctx, "unix", path); err == nil {
		_ = conn.Close()
		return nil, fail(errors.New("another process listens there"), "end it, or give each load balancer a socket of its own")
	}
	// With a name that nobody knows until the permissions are set.
	hidden := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(hidden) // of a process that had the same number, and was killed
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", hidden)
	if err != nil {
		return nil, fail(err, "another path in the file, or a directory that this user can write to")
	}
	unix, ok := listener.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(fail(fmt.Errorf("is a %T", listener), "another system"), listener.Close())
	}
	unix.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(hidden, 0o600), os.Rename(hidden, path)); err != nil {
		_ = os.Remove(hidden)
		return nil, errors.Join(fail(err, "another path in the file"), listener.Close())
	}
	return listener, nil
}

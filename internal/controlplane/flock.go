package controlplane

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// lockFile waits until this process alone holds the lock on path. The system
// gives up the lock of a process that dies.
func lockFile(ctx context.Context, work *Work, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()

	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for waiting := false; ; {
		ok, err := tryLock(f)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if ok {
			// For the eyes of those who wait.
			_ = f.Truncate(0)
			_, _ = f.WriteAt(fmt.Appendf(nil, "process %d", os.Getpid()), 0)
			return func() { _ = f.Close() }, nil
		}
		if !waiting {
			waiting = true
			work.Say("waiting for another process that provides etcd and kube-apiserver (%s)", holder(f))
			work.Status(func(elapsed time.Duration) string {
				return fmt.Sprintf("waiting for another process that provides etcd and kube-apiserver (%s): %v so far", holder(f), elapsed)
			})
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("lock %s: %w", path, context.Cause(ctx))
		case <-poll.C:
		}
	}
}

func holder(f *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 100))
	if err != nil || len(text) == 0 {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

package controlplane

import (
	"os"
	"path/filepath"
)

const dataPattern = "regent-controlplane-"

// newData makes the directory of one control plane, and removes those that
// killed processes left: whose lock is free.
func newData() (dir string, remove func() error, err error) {
	old, err := filepath.Glob(filepath.Join(os.TempDir(), dataPattern+"*"))
	if err != nil {
		return "", nil, err
	}
	for _, o := range old {
		sweep(o)
	}

	dir, err = os.MkdirTemp("", dataPattern)
	if err != nil {
		return "", nil, err
	}
	lock, err := os.Create(filepath.Join(dir, "lock.new"))
	if err != nil {
		return "", nil, err
	}
	if _, err := tryLock(lock); err != nil {
		return "", nil, err
	}
	// Under its own name the lock file is locked from the start.
	if err := os.Rename(lock.Name(), filepath.Join(dir, "lock")); err != nil {
		return "", nil, err
	}
	return dir, func() error {
		defer func() { _ = lock.Close() }()
		return os.RemoveAll(dir)
	}, nil
}

func sweep(dir string) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
	if err != nil {
		return // another user's, or just being made
	}
	defer func() { _ = lock.Close() }()
	if ok, err := tryLock(lock); ok && err == nil {
		_ = os.RemoveAll(dir)
	}
}

package leaderelection

import "os"

// SystemFiles are the real ones.
func SystemFiles() StateFiles { return systemFiles{} }

// FilesystemFault says what is wrong with a type of filesystem.
func FilesystemFault(magic int64) string { return filesystemFault(magic) }

// FileOf is the file that a lock is on.
func FileOf(l StateLock) *os.File { return l.(*lockedDir).file }

// LockFile locks a file that was opened by a path.
func LockFile(file *os.File, path string) (StatePlace, error) { return lockFile(file, path) }

package leaderelection

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The names of a state directory's files.
const (
	stateLockName  = "regent.lock"
	stateName      = "regent.json"
	stateDraftName = "regent.json.new"
)

const bootID = "/proc/sys/kernel/random/boot_id"

const stateMend = "a directory on a volume of this node, such as an emptyDir, that this process can write"

// checkStateDir says what keeps dir from being a state directory.
func checkStateDir(dir string) error {
	fault := func(bound string) error {
		return &FieldError{Field: "StateDir", Value: fmt.Sprintf("%q", dir), Bound: bound, Mend: stateMend}
	}
	if !filepath.IsAbs(dir) {
		return fault("is no absolute path")
	}
	if strings.ContainsRune(dir, 0) {
		return fault("has a zero byte")
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fault("cannot be used: " + cause(err))
	}
	if !info.IsDir() {
		return fault("is no directory")
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fault("its filesystem is unknown: " + err.Error())
	}
	if bound := filesystemFault(fs.Type); bound != "" {
		return fault(bound)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fault("cannot be written: " + err.Error())
	}
	if _, err := readBootID(); err != nil {
		return fault("cannot be told from one of another boot: " + err.Error())
	}
	return nil
}

// cause is an error without the path, which the message has already.
func cause(err error) string {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// filesystemFault says that a kind of filesystem is not one of those whose flock
// excludes every other process that can reach the file, and ends with the
// process that holds it; "" = it is. These are filesystems of one kernel. Others
// are not here because a lock there is a lock of this host only (CIFS and NFS
// with local locks, 9p without cache, AFS), or is lost when a server or a daemon
// restarts or a connection breaks (NFS, Ceph, GlusterFS and all else over FUSE,
// Lustre, GFS2 and OCFS2 with their lock managers), so that two could hold it.
func filesystemFault[T int32 | uint32 | int64](magic T) string { // it has another type on each architecture
	const zfs, bcachefs = 0x2fc12fc1, 0xca451a4e
	switch uint32(magic) {
	case unix.EXT4_SUPER_MAGIC, // also of ext2 and ext3
		unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, zfs, bcachefs,
		unix.TMPFS_MAGIC, unix.RAMFS_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC: // its flock is on the file of the overlay
		return ""
	}
	return fmt.Sprintf("is on a filesystem (type 0x%x) that is not known to keep a lock for exactly as long as a process lives", uint32(magic))
}

func readBootID() (string, error) {
	id, err := os.ReadFile(bootID)
	if err != nil {
		return "", err
	}
	if s := strings.TrimSpace(string(id)); s != "" {
		return s, nil
	}
	return "", errors.New(bootID + " is empty")
}

// systemFiles is a state directory on a filesystem.
type systemFiles struct{}

// Lock implements [StateFiles].
func (systemFiles) Lock(dir string) (StateLock, error) {
	path := filepath.Join(dir, stateLockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600) // Go adds O_CLOEXEC
	if err != nil {
		return nil, err
	}
	place, err := lockFile(file, path)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &lockedDir{dir: dir, file: file, place: place}, nil
}

func lockFile(file *os.File, path string) (place StatePlace, err error) {
	var st, now unix.Stat_t
	var fs unix.Statfs_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return place, fmt.Errorf("stat %s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return place, fmt.Errorf("%s is no regular file; mend: remove it", path)
	}
	if err := unix.Fstatfs(int(file.Fd()), &fs); err != nil {
		return place, fmt.Errorf("statfs %s: %w", path, err)
	}
	if bound := filesystemFault(fs.Type); bound != "" { // something may be mounted there
		return place, fmt.Errorf("%s %s; mend: %s", path, bound, stateMend)
	}
	switch err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		return place, ErrStateDirInUse
	case err != nil:
		return place, fmt.Errorf("flock %s: %w", path, err)
	}
	// A file that was replaced before it was locked excludes nobody.
	if err := unix.Lstat(path, &now); err != nil || now.Dev != st.Dev || now.Ino != st.Ino {
		return place, fmt.Errorf("%s is being replaced: %w", path, ErrStateDirInUse)
	}
	boot, err := readBootID()
	device := uint64(st.Dev) //nolint:unconvert // it has 32 bits on MIPS
	return StatePlace{Boot: boot, Device: device, Inode: st.Ino}, err
}

// lockedDir is a state directory whose lock this process holds.
type lockedDir struct {
	dir   string
	file  *os.File
	place StatePlace
}

func (d *lockedDir) Place() StatePlace { return d.place }

func (d *lockedDir) Read() ([]byte, error) {
	file, err := os.OpenFile(filepath.Join(d.dir, stateName), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, mostState+1))
	return data, errors.Join(err, file.Close())
}

func (d *lockedDir) Write(data []byte) error {
	draft := filepath.Join(d.dir, stateDraftName)
	if err := os.Remove(draft); err != nil && !errors.Is(err, os.ErrNotExist) { // whatever a crash has left
		return err
	}
	file, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(d.dir, stateName))
}

func (d *lockedDir) Remove() error {
	err := os.Remove(filepath.Join(d.dir, stateName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (d *lockedDir) Close() error { return d.file.Close() }

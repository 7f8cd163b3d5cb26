package leaderelection_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

func TestStateDirThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file, gone := filepath.Join(dir, "file"), filepath.Join(dir, "gone")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	closed := filepath.Join(dir, "closed")
	require.NoError(t, os.Mkdir(closed, 0o555))
	for _, way := range []string{dir, filepath.Dir(dir)} { // others may go through
		require.NoError(t, os.Chmod(way, 0o755))
	}
	for name, tc := range map[string]struct{ dir, says string }{
		"relative":            {"state", `StateDir = "state": is no absolute path; mend: a directory on a volume of this node, such as an emptyDir, that this process can write`},
		"missing":             {gone, `gone": cannot be used: no such file or directory; mend: a directory`},
		"a file":              {file, `file": is no directory; mend: a directory`},
		"below a file":        {filepath.Join(file, "x"), `cannot be used: not a directory; mend:`},
		"a zero byte":         {"/tmp/\x00", `StateDir = "/tmp/\x00": has a zero byte`},
		"not writable":        {closed, `closed": cannot be written: permission denied; mend:`},
		"without flock":       {"/proc", `StateDir = "/proc": is on a filesystem (type 0x9fa0) that is not known to keep a lock for exactly as long as a process lives; mend: a directory on a volume`},
		"another one like it": {"/sys", `StateDir = "/sys": is on a filesystem (type 0x62656572) that is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			err := asNobody(func() error {
				_, err := leaderelection.NewElector(leaderelection.Config{Lock: locktest.NewStore().Client("lock"), StateDir: tc.dir})
				return err
			})
			var fault *leaderelection.FieldError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, "StateDir", fault.Field)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

// asNobody calls f with the rights of nobody in particular if this is root, who
// may write everywhere.
func asNobody(f func() error) error {
	if os.Geteuid() != 0 {
		return f()
	}
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with this goroutine
		const nobody, same = 65534, ^uintptr(0)
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, same); errno != 0 { // this thread's alone
			result <- errno
			return
		}
		result <- f()
	}()
	return <-result
}

// TestFilesystems: whatever is not known to lock is refused.
func TestFilesystems(t *testing.T) {
	for _, magic := range []int64{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, 0x2fc12fc1, 0xca451a4e} {
		require.Empty(t, leaderelection.FilesystemFault(magic), "%x", magic)
	}
	for name, magic := range map[string]int64{
		"nfs": unix.NFS_SUPER_MAGIC, "cifs": 0xff534d42, "smb": 0x517b, "smb2": 0xfe534d42, "fuse": unix.FUSE_SUPER_MAGIC, "9p": unix.V9FS_MAGIC,
		"ceph": unix.CEPH_SUPER_MAGIC, "afs": unix.AFS_FS_MAGIC, "gfs2": 0x01161970, "ocfs2": unix.OCFS2_SUPER_MAGIC, "lustre": 0x0bd00bd0, "none": 0,
	} {
		require.NotEmpty(t, leaderelection.FilesystemFault(magic), name)
		require.NotEmpty(t, leaderelection.FilesystemFault(int64(int32(uint32(magic)))), name) // where the field has 32 bits
	}
}

func lockDir(t *testing.T, dir string) leaderelection.StateLock {
	t.Helper()
	l, err := leaderelection.SystemFiles().Lock(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // most tests have done so
	return l
}

func TestLockedDirectory(t *testing.T) {
	dir := t.TempDir()
	a := lockDir(t, dir)
	_, err := leaderelection.SystemFiles().Lock(dir)
	require.ErrorIs(t, err, leaderelection.ErrStateDirInUse)
	data, err := a.Read()
	require.NoError(t, err)
	require.Nil(t, data)
	require.NoError(t, a.Remove())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "regent.json.new"), []byte("left by a crash"), 0o600))
	for _, text := range []string{"one", "two"} {
		require.NoError(t, a.Write([]byte(text)))
		data, err = a.Read()
		require.NoError(t, err)
		require.Equal(t, text, string(data))
	}
	place := a.Place()
	require.NotEmpty(t, place.Boot)
	require.NotZero(t, place.Inode)
	require.NoError(t, a.Close())

	b := lockDir(t, dir) // the same place, to the next process
	require.Equal(t, place, b.Place())
	data, err = b.Read()
	require.NoError(t, err)
	require.Equal(t, "two", string(data))
	require.NoError(t, b.Remove())
	data, err = b.Read()
	require.NoError(t, err)
	require.Nil(t, data)
}

// TestCopiedDirectory: cp -a keeps all but the place.
func TestCopiedDirectory(t *testing.T) {
	dir, into := t.TempDir(), t.TempDir()
	a := lockDir(t, dir)
	require.NoError(t, a.Write([]byte("claims")))
	require.NoError(t, exec.Command("cp", "-a", dir+"/.", into).Run())
	b := lockDir(t, into) // although a lives
	data, err := b.Read()
	require.NoError(t, err)
	require.Equal(t, "claims", string(data))
	require.Equal(t, a.Place().Boot, b.Place().Boot)
	require.NotEqual(t, a.Place(), b.Place())
}

// A lock file that is removed under a process that lives lets another have the
// directory. What that one finds there is from elsewhere.
func TestLockFileThatIsReplaced(t *testing.T) {
	dir := t.TempDir()
	a := lockDir(t, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, "regent.lock")))
	b := lockDir(t, dir)
	require.NotEqual(t, a.Place().Inode, b.Place().Inode)

	opened, err := os.Open(filepath.Join(dir, "regent.lock")) // and is locked after it was replaced
	require.NoError(t, err)
	defer func() { require.NoError(t, opened.Close()) }()
	require.NoError(t, b.Close())
	require.NoError(t, os.Remove(opened.Name()))
	require.NoError(t, os.WriteFile(opened.Name(), nil, 0o600))
	_, err = leaderelection.LockFile(opened, opened.Name())
	require.ErrorIs(t, err, leaderelection.ErrStateDirInUse)
	require.ErrorContains(t, err, "is being replaced")
}

func TestLockFileThatIsNone(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("/etc/hostname", path) },
		"pipe":      func(path string) error { return unix.Mkfifo(path, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, make(filepath.Join(dir, "regent.lock")))
			_, err := leaderelection.SystemFiles().Lock(dir)
			require.Error(t, err)
			require.NotErrorIs(t, err, leaderelection.ErrStateDirInUse)
		})
	}
	_, err := leaderelection.SystemFiles().Lock(filepath.Join(t.TempDir(), "gone"))
	require.ErrorIs(t, err, os.ErrNotExist)
	dir := t.TempDir()
	l := lockDir(t, dir)
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(dir, "regent.json")))
	_, err = l.Read()
	require.Error(t, err, "a link is not followed")
	require.NoError(t, l.Write([]byte("x")), "and is replaced")
	data, err := l.Read()
	require.NoError(t, err)
	require.Equal(t, "x", string(data))
}

// A child inherits no descriptor, unless it is given that one: then it keeps
// the directory until it ends.
func TestChildProcesses(t *testing.T) {
	dir := t.TempDir()
	sleeps := func(files ...*os.File) (ended func()) {
		cmd := exec.Command("cat")
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		cmd.Stdout, cmd.ExtraFiles = io.Discard, files
		require.NoError(t, cmd.Start())
		return func() { require.NoError(t, errors.Join(in.Close(), cmd.Wait())) }
	}
	a := lockDir(t, dir)
	ended := sleeps()
	require.NoError(t, a.Close())
	b := lockDir(t, dir)
	ended()

	ended = sleeps(leaderelection.FileOf(b))
	require.NoError(t, b.Close())
	_, err := leaderelection.SystemFiles().Lock(dir)
	require.ErrorIs(t, err, leaderelection.ErrStateDirInUse)
	ended()
	lockDir(t, dir)
}

// BenchmarkKeep is what a claim costs: once for each start of a process, and
// after each term.
func BenchmarkKeep(b *testing.B) {
	l, err := leaderelection.SystemFiles().Lock(b.TempDir())
	require.NoError(b, err)
	data, err := leaderelection.EncodeClaims(l.Place(), []leaderelection.Claim{{Identity: "my-controller-5d8f9c7b6d-x2x7k_abcdefghijklmnopqrstuvwxyz", Nonce: "abcdefghijklmnopqrstuvwxyz", UID: "0a0a0a0a-1b1b-2c2c-3d3d-4e4e4e4e4e4e"}})
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, l.Write(data))
	}
	require.NoError(b, l.Close())
}

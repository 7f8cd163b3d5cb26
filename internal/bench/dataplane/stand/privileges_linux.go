package stand

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Strip starts this program anew as a stand without CAP_PERFMON, and without
// CAP_SYS_ADMIN, which implies it. It returns only if that fails.
func Strip() error {
	runtime.LockOSThread() // bounding sets are a thread's
	for _, capability := range []uintptr{unix.CAP_PERFMON, unix.CAP_SYS_ADMIN} {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return unix.Exec(self, []string{self, Flag}, os.Environ())
}

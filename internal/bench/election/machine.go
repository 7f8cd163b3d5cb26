package election

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/bench/report"
)

// ReadMachine says where this process measures, and against which server.
func ReadMachine(client kubernetes.Interface) (report.Machine, error) {
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return report.Machine{}, err
	}
	m := report.Machine{
		CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Kubernetes: version.GitVersion,
	}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(kernel))
	}
	m.ClientGo = Dependency("k8s.io/client-go")
	return m, nil
}

// Dependency is the version of a module that this program is built with, "" if
// that is not known.
func Dependency(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == module {
				return d.Version
			}
		}
	}
	return ""
}

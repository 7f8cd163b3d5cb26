package election

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/bench/report"
)

func machine(client kubernetes.Interface) (report.Machine, error) {
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
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "k8s.io/client-go" {
				m.ClientGo = d.Version
			}
		}
	}
	return m, nil
}

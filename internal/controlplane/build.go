package controlplane

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

//go:embed build/servers.mod
var serversMod []byte

//go:embed build/servers.sum
var serversSum []byte

// build compiles the executables from the module in build/servers.mod.
func build(ctx context.Context, work *Work, dir string) error {
	mod := filepath.Join(filepath.Dir(dir), "module")
	if err := os.MkdirAll(mod, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"go.mod": serversMod, "go.sum": serversSum} {
		if err := os.WriteFile(filepath.Join(mod, name), content, 0o644); err != nil {
			return err
		}
	}
	kubernetes, err := required("k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, p := range []struct{ name, path, usually string }{
		{"etcd", "go.etcd.io/etcd/server/v3", "30s"},
		{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", "4 min"},
	} {
		if err := compile(ctx, work, mod, filepath.Join(dir, p.name), p.path, p.usually, ldflags(kubernetes)); err != nil {
			return err
		}
	}
	return nil
}

// compile builds the command at the import path pkg into the file out.
func compile(ctx context.Context, work *Work, mod, out, pkg, usually, ldflags string) error {
	name := filepath.Base(out)
	var modules, packages atomic.Int64
	status := func(elapsed time.Duration) string {
		if packages.Load() == 0 && modules.Load() > 0 {
			return fmt.Sprintf("compiling %s: downloading, %d modules so far, %v", name, modules.Load(), elapsed)
		}
		return fmt.Sprintf("compiling %s: %d packages so far, %v, usually about %s on 2 cores",
			name, packages.Load(), elapsed, usually)
	}
	work.Say("compiling %s with the go command on %d cores, usually about %s on 2", name, runtime.NumCPU(), usually)
	work.Status(status)
	_, err := run(ctx, command{
		dir:  mod,
		env:  goEnv(),
		path: "go",
		args: []string{"build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-v", "-ldflags", ldflags, "-o", out, pkg},
		line: func(line string) {
			switch {
			case strings.HasPrefix(line, "go: downloading "):
				modules.Add(1)
			case !strings.Contains(line, " "):
				packages.Add(1)
			}
		},
	})
	return err
}

// goEnv makes the go command build for this machine, whatever the caller of
// this process is building.
func goEnv() []string {
	return []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
}

// ldflags lets the API server report its version.
func ldflags(version string) string {
	flags := []string{"-s", "-w"}
	digits := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	for _, kv := range [][2]string{
		{"gitVersion", version}, {"gitMajor", digits[0]}, {"gitMinor", digits[1]}, {"gitTreeState", "clean"},
	} {
		flags = append(flags, "-X", "k8s.io/component-base/version."+kv[0]+"="+kv[1])
	}
	return strings.Join(flags, " ")
}

// required returns the version of a module that servers.mod requires.
func required(module string) (string, error) {
	for line := range strings.Lines(string(serversMod)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == module && strings.Count(f[1], ".") >= 2 {
			return f[1], nil
		}
	}
	return "", fmt.Errorf("build/servers.mod requires no version of %s", module)
}

package mixed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/regent-ha/regent/internal/controlplane"
)

// ErrNoModules: the modules that kooper needs are neither in the module cache
// nor to be had from a proxy.
var ErrNoModules = errors.New("kooper's modules cannot be downloaded")

// Build returns the program of a kind that is a module of its own, below dir,
// the directory of this package. It is built by the go command, whose cache
// makes that fast from the second time on; the program is kept below
// REGENT_CACHE, or the directory "regent" in os.UserCacheDir. progress is told
// what takes long.
func Build(ctx context.Context, kind Kind, dir string, progress io.Writer) (path string, err error) {
	name := kind.module()
	if name == "" {
		return "", fmt.Errorf("mixed: %s is no module of its own", kind)
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	defer talk(progress, "providing "+name+" with the go command, about a minute on 2 cores the first time")()
	module := filepath.Join(dir, name)
	if err := goCommand(ctx, module, "mod", "download"); err != nil {
		return "", fmt.Errorf("%w: %w; mend: let GOPROXY name a module proxy that can be reached", ErrNoModules, err)
	}
	// Renamed into place: another process may be doing the same, or run it.
	if err := sweep(filepath.Join(cache, name+".tmp-*")); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(cache, name+".tmp-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	built := filepath.Join(tmp, name)
	if err := goCommand(ctx, module, "build", "-ldflags=-s -w", "-o", built, "."); err != nil {
		return "", err
	}
	path = filepath.Join(cache, name)
	return path, os.Rename(built, path)
}

func cacheDir() (string, error) {
	dir := os.Getenv(controlplane.EnvCache)
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no directory for a cache: %w; set %s to one", err, controlplane.EnvCache)
		}
		dir = filepath.Join(user, "regent")
	}
	dir = filepath.Join(dir, "mixed", runtime.GOOS+"-"+runtime.GOARCH)
	return dir, os.MkdirAll(dir, 0o755)
}

// sweep removes what processes that were killed have left.
func sweep(pattern string) error {
	left, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func goCommand(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s in %s: %w; it said:\n%s", args[0], filepath.Base(dir), err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// talk says what goes on, if it takes longer than a moment, until the returned
// function is called.
func talk(w io.Writer, what string) (stop func()) {
	const moment = 3 * time.Second
	begun, ended := time.Now(), make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(moment)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				_, _ = fmt.Fprintf(w, "%s: %v so far\n", what, time.Since(begun).Round(time.Second))
			}
		}
	}()
	return func() {
		close(ended)
		<-stopped
	}
}

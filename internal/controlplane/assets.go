package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Environment variables that Assets reads.
const (
	// EnvAssets names a directory that holds etcd and kube-apiserver. envtest
	// and setup-envtest use the same variable.
	EnvAssets = "KUBEBUILDER_ASSETS"

	// EnvCache names the directory that is used instead of the directory
	// "regent" in os.UserCacheDir.
	EnvCache = "REGENT_CACHE"
)

// Assets returns the directory that holds executables etcd and kube-apiserver;
// it finds, downloads or builds them. It is Source{Progress: progress}.Find.
func Assets(ctx context.Context, progress io.Writer) (string, error) {
	return Source{Progress: progress}.Find(ctx)
}

// Source says where to look for etcd and kube-apiserver. The zero value is
// what Assets uses.
type Source struct {
	// Progress receives one line for every few seconds of work. Nil discards.
	Progress io.Writer

	// Cache is the directory below which executables are kept. Default: what
	// the package documentation says.
	Cache string

	// Index is the URL of the list from which setup-envtest picks a release.
	// Default: the list that setup-envtest itself uses.
	Index string

	// Fetch and Build put both executables into the empty directory dir. Each
	// keeps Work up to date. Build is called when Fetch has failed. Default:
	// setup-envtest, and the go command.
	Fetch, Build func(ctx context.Context, work *Work, dir string) error
}

// Find returns the directory that holds executables etcd and kube-apiserver;
// see the package documentation for the order of places. An error joins what
// went wrong in each of them.
func (s Source) Find(ctx context.Context) (string, error) {
	if dir := os.Getenv(EnvAssets); dir != "" {
		if err := verify(ctx, dir); err != nil {
			return "", fmt.Errorf("controlplane: %s=%q: %w; let it name a directory that holds etcd and kube-apiserver, or unset it to have them provided",
				EnvAssets, dir, err)
		}
		return dir, nil
	}

	cache, err := s.cache()
	if err != nil {
		return "", fmt.Errorf("controlplane: %w", err)
	}
	dir := filepath.Join(cache, fmt.Sprintf("v1.%d-%s-%s", minor, runtime.GOOS, runtime.GOARCH))

	work, stop := startWork(s.Progress)
	defer stop()
	work.Now("checking the executables in %s", dir)
	if verify(ctx, dir) == nil {
		return dir, nil
	}
	if err := s.provide(ctx, work, dir); err != nil {
		return "", fmt.Errorf("controlplane: %w", err)
	}
	return dir, nil
}

func (s Source) cache() (string, error) {
	if dir := cmp.Or(s.Cache, os.Getenv(EnvCache)); dir != "" {
		dir, err := filepath.Abs(dir)
		return filepath.Join(dir, "controlplane"), err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no directory for a cache: %w; set %s to one", err, EnvCache)
	}
	return filepath.Join(dir, "regent", "controlplane"), nil
}

// provide fills dir while it holds the lock of dir.
func (s Source) provide(ctx context.Context, work *Work, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("cache: %w; set %s to a directory that can be written", err, EnvCache)
	}
	unlock, err := lockFile(ctx, work, dir+".lock")
	if err != nil {
		return err
	}
	defer unlock()

	// Another process may have filled it while this one waited.
	work.Now("checking the executables in %s", dir)
	fault := verify(ctx, dir)
	if fault == nil {
		return nil
	}
	if _, err := os.Stat(dir); err == nil {
		work.Say("the executables in %s are unusable, providing them again: %v", dir, fault)
	}

	tmp, err := emptyTemp(dir)
	if err != nil {
		return fmt.Errorf("cache: %w; set %s to a directory that can be written", err, EnvCache)
	}
	defer func() { _ = removeAll(tmp) }()
	bin := filepath.Join(tmp, "bin")
	if err := s.fill(ctx, work, bin); err != nil {
		return err
	}
	if err := removeAll(dir); err != nil {
		return err
	}
	if err := os.Rename(bin, dir); err != nil {
		return err
	}
	work.Say("etcd and kube-apiserver are in %s", dir)
	return nil
}

// fill tries the ways to provide the executables in their order.
func (s Source) fill(ctx context.Context, work *Work, dir string) error {
	ways := []func(context.Context, *Work, string) error{s.Fetch, s.Build}
	if s.Fetch == nil {
		ways[0] = s.fetch
	}
	if s.Build == nil {
		ways[1] = build
	}
	var faults []error
	for i, way := range ways {
		err := removeAll(dir)
		if err == nil {
			err = os.Mkdir(dir, 0o755)
		}
		if err == nil {
			err = way(ctx, work, dir)
		}
		if err == nil {
			work.Now("checking the new executables")
			err = verify(ctx, dir)
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("provide etcd and kube-apiserver: %w", context.Cause(ctx))
		case i == 0:
			work.Say("cannot download, so they will be built: %s", firstLine(err))
		}
		faults = append(faults, err)
	}
	return fmt.Errorf("provide etcd and kube-apiserver: %w; or set %s to a directory that holds them",
		errors.Join(faults...), EnvAssets)
}

// emptyTemp makes a directory on the file system of dir, and removes those that
// killed processes left. The caller holds the lock of dir.
func emptyTemp(dir string) (string, error) {
	old, err := filepath.Glob(dir + ".tmp-*")
	if err != nil {
		return "", err
	}
	for _, o := range old {
		if err := removeAll(o); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".tmp-")
}

// removeAll removes also what is in directories that cannot be written, as
// setup-envtest makes them.
func removeAll(dir string) error {
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

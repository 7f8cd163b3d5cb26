package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	setupEnvtest = "sigs.k8s.io/controller-runtime/tools/setup-envtest@v0.25.1"

	// releases is the list that setup-envtest uses.
	releases = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

	// reachTimeout bounds the question whether there is a network to download
	// from, stall the time in which a download brings nothing new.
	reachTimeout = 5 * time.Second
	stall        = 30 * time.Second
)

// fetch downloads the executables with setup-envtest.
func (s Source) fetch(ctx context.Context, work *Work, dir string) error {
	index := cmp.Or(s.Index, releases)
	work.Say("downloading etcd and kube-apiserver 1.%d", minor)
	if err := reachable(ctx, index); err != nil {
		return err
	}
	tmp := filepath.Join(dir, "download")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	tool, err := exec.LookPath("setup-envtest")
	if err != nil {
		work.Say("there is no setup-envtest on PATH, building %s", setupEnvtest)
		work.Now("building setup-envtest")
		if _, err := run(ctx, command{
			path: "go", args: []string{"install", setupEnvtest}, env: append(goEnv(), "GOBIN="+tmp),
		}); err != nil {
			return err
		}
		tool = filepath.Join(tmp, "setup-envtest")
	}

	ctx, done := untilStalled(ctx, tmp, work)
	defer done()
	out, err := run(ctx, command{
		path: tool,
		args: []string{"use", fmt.Sprintf("1.%d.x", minor), "-p", "path", "--bin-dir", tmp, "--index", index},
		env:  []string{"TMPDIR=" + tmp}, // where it keeps the archive: what untilStalled looks at
	})
	if err != nil {
		return err
	}
	got := strings.TrimSpace(out)
	if err := os.Chmod(got, 0o755); err != nil { // setup-envtest makes it read-only
		return fmt.Errorf("setup-envtest says that the executables are in %q: %w", got, err)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.Rename(filepath.Join(got, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("setup-envtest left no %s: %w", name, err)
		}
	}
	return removeAll(tmp)
}

// reachable fails soon where there is no way to the network.
func reachable(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, reachTimeout, fmt.Errorf("no answer from %s in %v", url, reachTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// untilStalled returns a context that ends when dir has not grown for a while.
func untilStalled(ctx context.Context, dir string, work *Work) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	started := size(dir) // setup-envtest itself may be there
	work.Status(func(elapsed time.Duration) string {
		return fmt.Sprintf("downloading etcd and kube-apiserver with setup-envtest: %d MB in %v, usually about 60 MB packed and 150 MB unpacked",
			(size(dir)-started)>>20, elapsed)
	})
	go func() {
		for last := started; ; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(stall):
			}
			now := size(dir)
			if now == last {
				cancel(fmt.Errorf("nothing arrived for %v", stall))
				return
			}
			last = now
		}
	}()
	return ctx, func() {
		cancel(errors.New("download ended"))
		work.Now("downloading")
	}
}

// size returns the bytes of the files below dir, as far as they can be seen.
func size(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}

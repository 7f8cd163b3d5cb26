package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// minor is the oldest Kubernetes 1.x that is accepted, and the one provided.
const minor = 36

// verifyTimeout bounds one --version. It takes well under a second; a first
// start from a cold disk, beside a compiler, takes some.
const verifyTimeout = time.Minute

var (
	etcdVersion   = regexp.MustCompile(`etcd Version: \d`)
	serverVersion = regexp.MustCompile(`Kubernetes v1\.(\d+)`)
)

// verify says what is wrong with the executables in dir.
func verify(ctx context.Context, dir string) error {
	var missing []string
	for _, name := range []string{"etcd", "kube-apiserver"} {
		info, err := os.Stat(filepath.Join(dir, name))
		switch {
		case errors.Is(err, os.ErrNotExist):
			missing = append(missing, name+" is missing")
		case err != nil:
			return err
		case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
			missing = append(missing, name+" is not an executable file")
		}
	}
	if len(missing) > 0 {
		return errors.New(strings.Join(missing, ", "))
	}

	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if _, err := versionOf(ctx, dir, "etcd", etcdVersion); err != nil {
		return err
	}
	found, err := versionOf(ctx, dir, "kube-apiserver", serverVersion)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(found[1]); err != nil || n < minor {
		return fmt.Errorf("kube-apiserver is %s, want 1.%d or later", found[0], minor)
	}
	return nil
}

func versionOf(ctx context.Context, dir, name string, want *regexp.Regexp) ([]string, error) {
	out, err := run(ctx, command{path: filepath.Join(dir, name), args: []string{"--version"}})
	if err != nil {
		return nil, err
	}
	found := want.FindStringSubmatch(out)
	if found == nil {
		return nil, fmt.Errorf("%s --version says %.80q, which is no version of %s", name, out, name)
	}
	return found, nil
}

//go:build unix

package controlplane_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
)

// onPath puts a script before everything else on PATH.
func onPath(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func notCalled(t *testing.T) func(context.Context, *controlplane.Work, string) error {
	return func(context.Context, *controlplane.Work, string) error {
		t.Error("called")
		return errors.New("called")
	}
}

func TestSetupEnvtest(t *testing.T) {
	source, _ := fakes(t, nil, nil)
	source.Fetch, source.Build = nil, notCalled(t)
	index := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer index.Close()
	source.Index = index.URL

	// As the real one, it makes the directory read-only.
	onPath(t, "setup-envtest", `
[ "$*" = "use 1.36.x -p path --bin-dir $6 --index `+index.URL+`" ] || { echo "bad arguments: $*" >&2; exit 2; }
d=$6/k8s/1.36.2-linux-amd64
mkdir -p $d
printf '#!/bin/sh\necho "etcd Version: 3.6.1"\n' > $d/etcd
printf '#!/bin/sh\necho "Kubernetes v1.36.2"\n' > $d/kube-apiserver
echo kubectl > $d/kubectl
chmod 555 $d/* $d
echo $d
`)
	dir, err := source.Find(t.Context())
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestNoNetwork(t *testing.T) {
	source, called := fakes(t, nil, nil)
	source.Fetch = nil
	index := httptest.NewServer(http.NotFoundHandler())
	index.Close()
	source.Index = index.URL
	onPath(t, "setup-envtest", "exit 9")
	said := new(stamped)
	source.Progress = said
	_, err := source.Find(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"build"}, *called)
	require.Contains(t, said.text(), "cannot download, so they will be built: ")
	require.Contains(t, said.text(), "connection refused\n")
	require.NotContains(t, said.text(), "exit status 9")
}

func TestBuild(t *testing.T) {
	source, _ := fakes(t, errors.New("no network"), nil)
	source.Build = nil
	t.Setenv("GOOS", "plan9") // of what the caller builds, not of this machine
	onPath(t, "go", `
[ "$1" = build ] && [ "$GOOS" != plan9 ] && [ "$CGO_ENABLED" = 0 ] && [ -s go.sum ] && grep -q 'k8s.io/kubernetes v1.36.3' go.mod || exit 2
while [ "$1" != -o ]; do all="$all $1"; shift; done
case "$all" in *component-base/version.gitVersion=v1.36.3*gitMajor=1*gitMinor=36*) ;; *) exit 3;; esac
case "$3" in
go.etcd.io/etcd/server/v3) v='etcd Version: 3.6.8';;
k8s.io/kubernetes/cmd/kube-apiserver) v='Kubernetes v1.36.3';;
esac
printf '#!/bin/sh\necho "%s"\n' "$v" > $2
chmod 755 $2
`)
	_, err := source.Find(t.Context())
	require.NoError(t, err)
}

func TestBuildFails(t *testing.T) {
	source, _ := fakes(t, errors.New("no network"), nil)
	source.Build = nil
	onPath(t, "go", "echo 'go: disk is full' >&2; exit 1")
	_, err := source.Find(t.Context())
	require.ErrorContains(t, err, "no network")
	require.ErrorContains(t, err, "go build: exit status 1; it said:\n\tgo: disk is full")
}

func TestCancelEndsBuild(t *testing.T) {
	source, _ := fakes(t, errors.New("no network"), nil)
	source.Build = nil
	// The descendant opens the pipe for writing; its end closes it.
	pipe := filepath.Join(t.TempDir(), "alive")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	onPath(t, "go", "sh -c 'echo up; exec sleep 1000' > "+pipe+" & wait")

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := source.Find(ctx)
		done <- err
	}()
	f, err := os.Open(pipe)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	buf := make([]byte, 10)
	_, err = f.Read(buf)
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	n, _ := f.Read(buf)
	require.Zero(t, n, "end of file: nobody holds the pipe")
}

package controlplane_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
)

const (
	goodEtcd   = "#!/bin/sh\necho 'etcd Version: 3.6.8'\n"
	goodServer = "#!/bin/sh\necho 'Kubernetes v1.36.3'\n"
)

// install writes executables into dir.
func install(t testing.TB, dir, etcd, server string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, content := range map[string]string{"etcd": etcd, "kube-apiserver": server} {
		path := filepath.Join(dir, name)
		_ = os.Remove(path)
		if content != "" {
			require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
		}
	}
}

// fakes is a Source whose ways are recorded, and fail where an error is given.
func fakes(t *testing.T, fetch, build error) (controlplane.Source, *[]string) {
	t.Helper()
	t.Setenv(controlplane.EnvAssets, "")
	var called []string
	way := func(name string, err error) func(context.Context, *controlplane.Work, string) error {
		return func(_ context.Context, _ *controlplane.Work, dir string) error {
			called = append(called, name)
			install(t, dir, goodEtcd, goodServer)
			return err
		}
	}
	return controlplane.Source{Cache: t.TempDir(), Fetch: way("fetch", fetch), Build: way("build", build)}, &called
}

func cacheOf(s controlplane.Source) string {
	return filepath.Join(s.Cache, "controlplane", "v1.36-"+runtime.GOOS+"-"+runtime.GOARCH)
}

func TestOrder(t *testing.T) {
	no := errors.New("no")
	for _, tc := range []struct {
		name         string
		env, cached  bool
		fetch, build error
		want         []string
	}{
		{name: "environment before cache", env: true, cached: true},
		{name: "cache before download", cached: true},
		{name: "download before build", want: []string{"fetch"}},
		{name: "build at last", fetch: no, want: []string{"fetch", "build"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source, called := fakes(t, tc.fetch, tc.build)
			want := cacheOf(source)
			if tc.cached {
				install(t, want, goodEtcd, goodServer)
			}
			if tc.env {
				want = t.TempDir()
				install(t, want, goodEtcd, goodServer)
				t.Setenv(controlplane.EnvAssets, want)
			}
			dir, err := source.Find(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, dir)
			require.Equal(t, tc.want, *called)

			// And the second time nothing is left to do.
			*called = nil
			_, err = source.Find(t.Context())
			require.NoError(t, err)
			require.Empty(t, *called)
		})
	}
}

func TestNothingWorks(t *testing.T) {
	noNet, noGo := errors.New("no network"), errors.New("no compiler")
	source, _ := fakes(t, noNet, noGo)
	_, err := source.Find(t.Context())
	require.ErrorIs(t, err, noNet)
	require.ErrorIs(t, err, noGo)
	require.ErrorContains(t, err, "set KUBEBUILDER_ASSETS")
	require.NoDirExists(t, cacheOf(source))
}

func TestCacheFromEnvironment(t *testing.T) {
	source, _ := fakes(t, nil, nil)
	t.Setenv(controlplane.EnvCache, source.Cache)
	want := cacheOf(source)
	source.Cache = ""
	dir, err := source.Find(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, dir)
}

func TestFaultyEnvironment(t *testing.T) {
	for _, tc := range []struct {
		name, etcd, server, want string
	}{
		{"both missing", "", "", "etcd is missing, kube-apiserver is missing"},
		{"one missing", goodEtcd, "", "kube-apiserver is missing"},
		{"too old", goodEtcd, "#!/bin/sh\necho 'Kubernetes v1.35.9'\n", "kube-apiserver is Kubernetes v1.35, want 1.36 or later"},
		{"something else", "#!/bin/sh\necho 'nginx 1.2'\n", goodServer, "which is no version of etcd"},
		{"fails", "#!/bin/sh\necho 'wrong libc' >&2\nexit 3\n", goodServer, "exit status 3; it said:\n\twrong libc"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source, called := fakes(t, nil, nil)
			dir := t.TempDir()
			install(t, dir, tc.etcd, tc.server)
			t.Setenv(controlplane.EnvAssets, dir)
			_, err := source.Find(t.Context())
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, `KUBEBUILDER_ASSETS="`+dir+`"`)
			require.ErrorContains(t, err, "unset it")
			require.Empty(t, *called, "a faulty directory is not passed over in silence")
		})
	}
	t.Run("not executable", func(t *testing.T) {
		source, _ := fakes(t, nil, nil)
		dir := t.TempDir()
		install(t, dir, goodEtcd, goodServer)
		require.NoError(t, os.Chmod(filepath.Join(dir, "etcd"), 0o644))
		t.Setenv(controlplane.EnvAssets, dir)
		_, err := source.Find(t.Context())
		require.ErrorContains(t, err, "etcd is not an executable file")
	})
}

func TestDamagedCacheIsFilledAgain(t *testing.T) {
	truncated := "\x7fELF\x02\x01\x01"
	for name, install := range map[string]func(t *testing.T, dir string){
		"truncated": func(t *testing.T, dir string) { install(t, dir, goodEtcd, truncated) },
		"empty":     func(t *testing.T, dir string) { install(t, dir, "", "") },
		"older":     func(t *testing.T, dir string) { install(t, dir, goodEtcd, "#!/bin/sh\necho Kubernetes v1.30.0\n") },
	} {
		t.Run(name, func(t *testing.T) {
			source, called := fakes(t, nil, nil)
			var said strings.Builder
			source.Progress = &said
			install(t, cacheOf(source))
			dir, err := source.Find(t.Context())
			require.NoError(t, err)
			require.Equal(t, []string{"fetch"}, *called)
			require.Contains(t, said.String(), "unusable, providing them again")
			content, err := os.ReadFile(filepath.Join(dir, "kube-apiserver"))
			require.NoError(t, err)
			require.Equal(t, goodServer, string(content))
		})
	}
}

func TestUnusableDownloadIsNotInstalled(t *testing.T) {
	source, called := fakes(t, nil, nil)
	source.Fetch = func(_ context.Context, _ *controlplane.Work, dir string) error {
		install(t, dir, goodEtcd, "") // an archive that ended early
		return nil
	}
	_, err := source.Find(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"build"}, *called)
}

func TestNothingHalfInstalled(t *testing.T) {
	source, _ := fakes(t, nil, nil)
	left := cacheOf(source) + ".tmp-123" // by a process that was killed
	install(t, left, goodEtcd, "")
	require.NoError(t, os.Chmod(left, 0o555))

	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("enough")
	source.Fetch = func(_ context.Context, _ *controlplane.Work, dir string) error {
		require.NoDirExists(t, left)
		install(t, dir, goodEtcd, "")
		cancel(over)
		return ctx.Err()
	}
	_, err := source.Find(ctx)
	require.ErrorIs(t, err, over)
	entries, err := os.ReadDir(filepath.Dir(left))
	require.NoError(t, err)
	require.Len(t, entries, 1, "the lock file and nothing else: %v", entries)
}

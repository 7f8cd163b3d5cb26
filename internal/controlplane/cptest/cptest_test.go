package cptest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

// recorded is a test that remembers how it ended.
type recorded struct {
	testing.TB
	outcome string
}

func (r *recorded) Skipf(format string, args ...any) {
	r.outcome = "skipped: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorded) Fatalf(format string, args ...any) {
	r.outcome = "failed: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorded) Errorf(format string, args ...any) { r.outcome = fmt.Sprintf(format, args...) }

func (r *recorded) FailNow() {
	r.outcome = "failed: " + r.outcome
	runtime.Goexit()
}

func outcome(t *testing.T, f func(t testing.TB)) string {
	r := &recorded{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.outcome
}

func TestMissing(t *testing.T) {
	t.Setenv(controlplane.EnvAssets, filepath.Join(t.TempDir(), "nowhere"))
	for _, tc := range []struct{ ci, want string }{{"", "skipped: "}, {"true", "failed: "}} {
		t.Setenv("CI", tc.ci)
		var shared cptest.Shared
		for range 2 {
			got := outcome(t, func(t testing.TB) { shared.Get(t) })
			require.Contains(t, got, tc.want)
			require.Contains(t, got, "etcd is missing, kube-apiserver is missing")
		}
		require.Equal(t, 7, shared.Run(code(7)), "without a control plane too")
	}
}

func TestBrokenFails(t *testing.T) {
	dir := t.TempDir()
	for name, says := range map[string]string{"etcd": "etcd Version: 3.6.8", "kube-apiserver": "Kubernetes v1.36.3"} {
		script := "#!/bin/sh\n[ $1 = --version ] && echo '" + says + "' || exit 1\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	t.Setenv(controlplane.EnvAssets, dir)
	t.Setenv("CI", "")
	var shared cptest.Shared
	got := outcome(t, func(t testing.TB) { shared.Get(t) })
	require.Contains(t, got, "failed: ")
	require.Contains(t, got, "etcd ended before it was ready: exit status 1")
}

type code int

func (c code) Run() int { return int(c) }

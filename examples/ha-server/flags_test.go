package main_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// nobody is a kubeconfig for an address at which nobody listens.
const nobody = `{apiVersion: v1, kind: Config, current-context: a,
clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: a, user: {}}], contexts: [{name: a, context: {cluster: a, user: a}}]}`

// Each fault is told with the flag or the variable, its value, and what to do.
func TestFaultyFlags(t *testing.T) {
	t.Parallel()
	cluster := "-kubeconfig=" + write(t, nobody)
	for name, test := range map[string]struct {
		env  string
		args []string
		code int
		says []string
	}{
		"unknown flag":           {"", []string{"-bogus"}, 2, []string{"-bogus", "Usage"}},
		"an argument":            {"", []string{"-namespace=x", "extra"}, 2, []string{`"extra"`, "mend"}},
		"several at once":        {"", []string{"-api=", "-lock=", "-drain-timeout=0s", "-shutdown-delay=-1s"}, 2, []string{"-api is empty", "-lock is empty", "-drain-timeout is 0s", "-shutdown-delay is -1s"}},
		"no namespace":           {"", []string{cluster}, 1, []string{"no namespace; mend: give -namespace"}},
		"no cluster":             {"", []string{"-namespace=x"}, 1, []string{"no cluster", "mend: give -kubeconfig"}},
		"no cluster, and alone":  {"LEADER_ELECTION_ENABLED=false", []string{"-namespace=x"}, 1, []string{"no cluster", "spaces are kept in Kubernetes"}},
		"no such kubeconfig":     {"", []string{"-namespace=x", "-kubeconfig=/no/such/file"}, 1, []string{"/no/such/file", "mend"}},
		"neither true nor false": {"LEADER_ELECTION_ENABLED=yes", []string{cluster, "-namespace=x"}, 1, []string{`$LEADER_ELECTION_ENABLED "yes"`, "mend: true, false"}},
		"unsafe timings":         {"", []string{cluster, "-namespace=x", "-lease-duration=5s"}, 1, []string{"RenewDeadline = 10s", "LeaseDuration", "mend: at most 4s"}},
		"no state directory":     {"", []string{cluster, "-namespace=x", "-state-dir=relative"}, 1, []string{"StateDir", "relative", "mend"}},
		"label without a pod":    {"", []string{cluster, "-namespace=x", "-leader-label"}, 1, []string{"-leader-label", "mend: set $POD_NAME"}},
		"proxy without a pod":    {"", []string{cluster, "-namespace=x", "-proxy-writes"}, 1, []string{"-proxy-writes", "mend: set $POD_NAME"}},
		"proxy without a port":   {"POD_NAME=a", []string{cluster, "-namespace=x", "-proxy-writes", "-api=nonsense"}, 1, []string{"-api=nonsense", "mend"}},
		"bad selector":           {"POD_NAME=a", []string{cluster, "-namespace=x", "-leader-label", "-pod-selector=a b"}, 1, []string{"Selector", "a b", "mend"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, said := start(t, test.env, test.args...)
			require.Equal(t, test.code, code, said)
			for _, s := range test.says {
				require.Contains(t, said, s)
			}
		})
	}
}

// An address that is taken ends the process, and is named with its flag.
func TestAddressTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	address := taken.Addr().String()
	cluster := "-kubeconfig=" + write(t, nobody)
	code, said := start(t, "", cluster, "-namespace=x", "-listen=", "-api="+address)
	require.Equal(t, 1, code)
	require.Contains(t, said, "-api="+address)
	require.Contains(t, said, "in use")
	code, said = start(t, "", cluster, "-namespace=x", "-api=127.0.0.1:0", "-listen="+address)
	require.Equal(t, 1, code)
	require.Contains(t, said, `Listen "`+address+`"`)
	require.Contains(t, said, "in use")
}

// start runs the example until it ends by itself, outside any cluster.
func start(t *testing.T, env string, args ...string) (code int, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), env}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// write writes a file for the test and returns its name.
func write(t *testing.T, text string) string {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}
